import { setTimeout as delay } from 'node:timers/promises';
import { SandboxFailure } from '../../failure.ts';
import { Cancellation, type Canceller } from '../../outcome/cancellation.ts';
import type { BatchRecord } from '../../receipt/compose-batch-summary.ts';
import type { Receipt } from '../../receipt/receipt.ts';
import type { BatchRow } from '../../receipt/batch-summary.ts';
import type { HaltPolicy, RetryableStatus } from '../../spec/batch-options.ts';
import { cancelSignalOf } from '../supervise.ts';
import type { BatchEvent } from './batch-event.ts';
import { type AttemptIo, Attempts } from './attempts.ts';
import { rowOfNotRun } from './batch-row.ts';
import type { BatchTask } from '../../spec/batch/batch-task.ts';
import { Halting } from './halting.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { type ResumePolicy, earlierOf } from './resume.ts';
import { isRetryable, retryDelayMs } from './retry-policy.ts';
import type { SharedEngine } from './shared-engine.ts';

export interface BatchPlan {
  readonly name: string;
  /** Null for standard input. */
  readonly file: string | null;
  /** In the order in which they start. */
  readonly tasks: readonly BatchTask[];
  readonly jobs: number;
  readonly retries: number;
  readonly retryOn: readonly RetryableStatus[];
  readonly halt: HaltPolicy;
  readonly resume: ResumePolicy;
}

export interface BatchIo extends AttemptIo {
  /** From here on no task starts, and those that run are let finish. */
  readonly stop: AbortSignal;
  /**
   * Cancels those that run; its reason is the signal that they get, or a SandboxFailure where what they print can
   * be shown to nobody.
   */
  readonly cancel: AbortSignal;
  /** Aborted once the deadline of the whole batch has passed. */
  readonly deadline: AbortSignal;
}

type Stop = Extract<BatchEvent, { kind: 'stopping' }>['why'];

/** Who cancels what still runs, where no signal of the caller does. */
const cancellers = {
  halted: 'batch halt',
  deadline: 'batch deadline',
  'output-lost': 'batch output',
} as const satisfies Record<Exclude<Stop, 'cancelled'>, Canceller>;

interface Means {
  readonly engine: SharedEngine;
  readonly memory: MemoryBudget;
}

/** All tasks of one batch, from the first start to the last end. */
export class BatchRun {
  readonly #plan: BatchPlan;
  readonly #io: BatchIo;
  readonly #means: Means;
  readonly #halting: Halting;
  readonly #rows: BatchRow[] = [];
  readonly #attempts: Attempts;
  /** Shared by all slots. */
  readonly #waiting: Iterator<BatchTask> & Iterable<BatchTask>;
  readonly #stopped = new AbortController();
  #stop: Stop | null = null;
  #signal: NodeJS.Signals | null = null;

  constructor(plan: BatchPlan, io: BatchIo, means: Means) {
    this.#plan = plan;
    this.#io = io;
    this.#means = means;
    this.#attempts = new Attempts(io, means.engine);
    this.#halting = new Halting(plan.halt, plan.tasks.length);
    this.#waiting = plan.tasks.values();
  }

  async execute(): Promise<Omit<BatchRecord, 'leftBehind'>> {
    const { name, file, jobs, tasks } = this.#plan;
    const [startedAt, startMs] = [new Date(), performance.now()];
    this.#emit({ kind: 'batch-started', at: isoNow(), total: tasks.length, jobs });
    const unlisten = this.#listen();
    try {
      await Promise.all(Array.from({ length: jobs }, (_, slot) => this.#fill(slot)));
    } finally {
      unlisten();
    }
    return {
      ...{ name, file, jobs, startedAt },
      finishedAt: new Date(),
      durationMs: Math.round(performance.now() - startMs),
      ending: this.#stop ?? 'completed',
      signal: this.#signal,
      rows: this.#rows,
    };
  }

  /** Answers what stops the listening. */
  #listen(): () => void {
    const { stop, cancel, deadline } = this.#io;
    const listeners = [
      [stop, () => this.#stopAll('cancelled', { signal: cancelSignalOf(stop), kills: false })],
      [cancel, () => this.#onCancel(cancel)],
      [deadline, () => this.#stopAll('deadline', { signal: null, kills: true })],
    ] as const;
    for (const [signal, listener] of listeners) {
      if (signal.aborted) listener();
      else signal.addEventListener('abort', listener, { once: true });
    }
    return () => {
      for (const [signal, listener] of listeners) signal.removeEventListener('abort', listener);
    };
  }

  #onCancel(cancel: AbortSignal): void {
    const isLost = cancel.reason instanceof SandboxFailure;
    if (isLost) this.#stopAll('output-lost', { signal: null, kills: true });
    else this.#stopAll('cancelled', { signal: cancelSignalOf(cancel), kills: true });
  }

  /** The first reason is the batch's; a later one can still end what the first one let finish. */
  #stopAll(why: Stop, { signal, kills }: { signal: NodeJS.Signals | null; kills: boolean }): void {
    this.#stop ??= why;
    this.#signal ??= signal;
    this.#stopped.abort();
    this.#emit({ kind: 'stopping', at: isoNow(), why, signal, kills });
    if (!kills) return;
    const isAsked = why === 'cancelled';
    this.#attempts.cancelAll(isAsked ? (signal ?? 'SIGTERM') : new Cancellation(cancellers[why]));
  }

  /** One task after the other. A limiter would keep a chain of promises for each that waits, about 800 bytes. */
  async #fill(slot: number): Promise<void> {
    for (const task of this.#waiting) {
      const earlier = this.#stop ? null : await this.#earlier(task);
      if (earlier) this.#end(task, earlier, null);
      else await this.#admit(task, slot);
    }
  }

  async #earlier(task: BatchTask): Promise<BatchRow | null> {
    const earlier = await earlierOf(task, this.#plan.resume);
    if (earlier.kind === 'odd') {
      const message = `${task.spec.id} runs again, ${task.spec.receiptPath} is no receipt as it should be: ${earlier.reason}`;
      this.#emit({ kind: 'task-event', task, event: { kind: 'warning', message } });
    }
    if (earlier.kind !== 'row') return null;
    return (await this.#means.engine.hasOtherImage(task.spec, earlier.image)) ? null : earlier.row;
  }

  async #admit(task: BatchTask, slot: number): Promise<void> {
    const giveBack = await this.#means.memory.take(task.spec.limits.memoryBytes);
    try {
      if (this.#stop) this.#end(task, rowOfNotRun(task), null);
      else await this.#run(task, slot);
    } finally {
      giveBack();
    }
  }

  async #run(task: BatchTask, slot: number): Promise<void> {
    const { retries, retryOn } = this.#plan;
    for (let attempt = 1; ; attempt += 1) {
      this.#emit({ kind: 'task-started', at: isoNow(), task, slot, attempt });
      const { ended, row } = await this.#attempts.run(task, { slot, attempt });
      if (attempt > retries || !isRetryable(ended, retryOn) || !(await this.#mayRetry(task, row))) {
        this.#end(task, row, ended.receipt);
        return;
      }
    }
  }

  /** After a pause. Once the batch is stopped, what there was is what the task's receipt says. */
  async #mayRetry(task: BatchTask, row: BatchRow): Promise<boolean> {
    if (this.#stop) return false;
    this.#emit({ kind: 'task-retried', at: isoNow(), task, attempt: row.attempts, row });
    const { signal } = this.#stopped;
    await delay(retryDelayMs(row.attempts), undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }

  #end(task: BatchTask, row: BatchRow, receipt: Receipt | null): void {
    this.#rows.push(row);
    this.#emit({ kind: 'task-ended', at: isoNow(), task, row, receipt });
    const halt = row.reused ? null : this.#halting.after(row);
    if (halt && !this.#stop) this.#stopAll('halted', { signal: null, kills: halt === 'now' });
  }

  #emit(event: BatchEvent): void {
    this.#io.onEvent(event);
  }
}

function isoNow(): string {
  return new Date().toISOString();
}
