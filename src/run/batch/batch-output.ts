import type { TaskReceiver } from './attempts.ts';
import type { BatchTask } from '../../spec/batch/batch-task.ts';
import { OutputSpool, type StreamName } from './output-spool.ts';
import { WholeLines } from './whole-lines.ts';

/** Shows a part of a task's output; a promise makes the task wait. */
export type ShowOutput = (
  task: BatchTask,
  part: { readonly stream: StreamName; readonly chunk: Buffer },
) => void | Promise<void>;

/**
 * What the tasks of a batch print, on its way to whoever shows it: in whole lines, and, where it is ordered, one
 * task after the other in the order of the file, whichever ends first.
 */
export class BatchOutput {
  readonly #show: ShowOutput;
  readonly #isOrdered: boolean;
  readonly #spool = new OutputSpool();
  readonly #lines = new Map<BatchTask, Record<StreamName, WholeLines>>();
  /** Those that wait for their turn, and those that have ended before it came. */
  readonly #waiting = new Map<number, BatchTask>();
  readonly #ended = new Set<number>();
  /** The task whose turn it is, where it is ordered. */
  #turn = 0;
  /** One thing after the other, or the parts of a task would overtake each other. */
  #queue: Promise<void> = Promise.resolve();

  constructor(show: ShowOutput, { isOrdered }: { readonly isOrdered: boolean }) {
    this.#show = show;
    this.#isOrdered = isOrdered;
  }

  readonly receiverFor = (task: BatchTask): TaskReceiver => {
    // What an earlier attempt left of a line is a line of its own.
    this.#flush(task);
    const lines = { stdout: new WholeLines(), stderr: new WholeLines() };
    this.#lines.set(task, lines);
    const receive = (stream: StreamName) => (chunk: Buffer) =>
      // Copied: it may wait for its turn.
      this.#pass(task, { stream, chunk: lines[stream].push(Buffer.from(chunk)) });
    return { stdout: receive('stdout'), stderr: receive('stderr') };
  };

  /** No more comes of this task, or nothing ever came. */
  end(task: BatchTask): void {
    this.#flush(task);
    if (this.#isOrdered) this.#enqueue(() => this.#advance(task)).catch(() => undefined);
  }

  /** Resolves once everything was shown. */
  async close(): Promise<void> {
    await this.#queue;
    await this.#spool.close();
  }

  #flush(task: BatchTask): void {
    const lines = this.#lines.get(task);
    this.#lines.delete(task);
    for (const stream of ['stdout', 'stderr'] as const) {
      const chunk = lines?.[stream].finish();
      // Nobody waits any more who could be told that the reader has gone.
      if (chunk) this.#pass(task, { stream, chunk })?.catch(() => undefined);
    }
  }

  #pass(
    task: BatchTask,
    part: { readonly stream: StreamName; readonly chunk: Buffer },
  ): Promise<void> | undefined {
    if (part.chunk.length === 0) return undefined;
    return this.#enqueue(async () => {
      if (!this.#isOrdered || task.index === this.#turn) {
        await this.#show(task, part);
        return;
      }
      this.#waiting.set(task.index, task);
      await this.#spool.keep(task.index, part);
    });
  }

  /** Whose turn it is next shows what it has printed so far. */
  async #advance(task: BatchTask): Promise<void> {
    this.#ended.add(task.index);
    while (this.#ended.delete(this.#turn)) {
      this.#turn += 1;
      const next = this.#waiting.get(this.#turn);
      this.#waiting.delete(this.#turn);
      if (!next) continue;
      for await (const part of this.#spool.take(this.#turn)) await this.#show(next, part);
    }
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}
