import type { BatchRow, RowStatus } from '../../receipt/batch-summary.ts';
import { unreachable } from '../../failure.ts';
import type { BatchEvent } from '../../run/batch/batch-event.ts';
import type { StatusCounts } from './row-text.ts';
import { RateMeter } from './rate.ts';

/** Where a batch stands. */
export interface Standing {
  readonly total: number;
  readonly done: number;
  readonly running: number;
  readonly byStatus: StatusCounts;
  /** Of those that are cancelled, how many somebody picked out. */
  readonly stoppedByOther: number;
  /** Null while nothing tells. */
  readonly ratePerSecond: number | null;
  readonly remainingMs: number | null;
}

/** Counts what the events of a batch say. Times are milliseconds of any clock that only goes forward. */
export class Tally {
  #total = 0;
  #done = 0;
  #stoppedByOther = 0;
  #stopping = false;
  readonly #running = new Set<number>();
  readonly #byStatus: Partial<Record<RowStatus, number>> = {};
  #rate: RateMeter | null = null;

  add(event: BatchEvent, nowMs: number): void {
    switch (event.kind) {
      case 'batch-started':
        this.#total = event.total;
        this.#rate = new RateMeter(nowMs);
        return;
      case 'task-started':
        this.#running.add(event.task.index);
        return;
      case 'task-retried':
        this.#running.delete(event.task.index);
        return;
      case 'task-ended':
        this.#running.delete(event.task.index);
        this.#end(event.row, nowMs);
        return;
      case 'stopping':
        this.#stopping = true;
        return;
      case 'task-event':
      case 'task-output':
      case 'batch-ended':
        return;
      default:
        unreachable(event);
    }
  }

  standing(nowMs: number): Standing {
    const ratePerSecond = this.#rate?.perSecond(nowMs) ?? null;
    const left = this.#total - this.#done;
    // Once no new task starts, how long the rest takes has nothing to do with the rate.
    const isTold = ratePerSecond !== null && !this.#stopping;
    return {
      total: this.#total,
      done: this.#done,
      running: this.#running.size,
      byStatus: { ...this.#byStatus },
      stoppedByOther: this.#stoppedByOther,
      ratePerSecond,
      remainingMs: isTold ? (left * 1000) / ratePerSecond : null,
    };
  }

  #end({ status, stoppedByOther, reused, startedAt }: BatchRow, nowMs: number): void {
    this.#done += 1;
    if (stoppedByOther) this.#stoppedByOther += 1;
    this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1;
    // What took no time says nothing about the rest.
    if (!reused && startedAt !== null) this.#rate?.add(nowMs);
  }
}
