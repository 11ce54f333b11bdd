import { toFailure } from '../../failure.ts';
import type { Cancellation } from '../../outcome/cancellation.ts';
import type { RunEvent } from '../event.ts';
import { runTask } from '../run-task.ts';
import type { BatchEvent } from './batch-event.ts';
import { rowOf } from './batch-row.ts';
import type { BatchTask } from '../../spec/batch/batch-task.ts';
import type { Attempt } from './retry-policy.ts';
import type { SharedEngine } from './shared-engine.ts';

/** Receives a task's output as it comes; a promise makes the task wait. */
export interface TaskReceiver {
  readonly stdout: (chunk: Buffer) => void | Promise<void>;
  readonly stderr: (chunk: Buffer) => void | Promise<void>;
}

export interface AttemptIo {
  readonly onEvent: (event: BatchEvent) => void;
  /** Null where nobody wants to see what the tasks print. */
  readonly receiverFor: ((task: BatchTask) => TaskReceiver) | null;
  /** Kills those that run at once. */
  readonly force: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
}

const mostWarnings = 1_000;

/** Runs tasks on the engine that they share, each as if it were the only one. */
export class Attempts {
  readonly #io: AttemptIo;
  readonly #engine: SharedEngine;
  /** One for each attempt that runs: a signal that all shared would gather listeners. */
  readonly #running = new Set<AbortController>();
  /** What has been said already: a thousand tasks need not repeat it. */
  readonly #warned = new Set<string>();

  constructor(io: AttemptIo, engine: SharedEngine) {
    this.#io = io;
    this.#engine = engine;
  }

  cancelAll(reason: NodeJS.Signals | Cancellation): void {
    for (const controller of this.#running) controller.abort(reason);
  }

  /** One attempt, and what the summary says of it. */
  async run(task: BatchTask, place: { readonly slot: number; readonly attempt: number }) {
    const [startedAt, startMs] = [new Date(), performance.now()];
    const ended = await this.#run(task);
    const durationMs = Math.round(performance.now() - startMs);
    const row = rowOf(task, ended, { ...place, startedAt, finishedAt: new Date(), durationMs });
    return { ended, row };
  }

  async #run(task: BatchTask): Promise<Attempt> {
    const controller = new AbortController();
    this.#running.add(controller);
    let hasStarted = false;
    const onEvent = (event: RunEvent) => {
      hasStarted ||= event.kind === 'started';
      this.#tell(task, event);
    };
    const receiver = this.#io.receiverFor?.(task) ?? null;
    const io = {
      ...{ stdin: null, onEvent, env: this.#io.env, force: this.#io.force },
      onStdout: receiver?.stdout ?? null,
      onStderr: receiver?.stderr ?? null,
      cancel: controller.signal,
      connect: this.#engine.connect,
    };
    try {
      return { receipt: await runTask(task.spec, io), failure: null };
    } catch (error) {
      // A defect of ours in one task must not leave the others behind.
      return { receipt: null, failure: toFailure(error), hasStarted };
    } finally {
      this.#running.delete(controller);
    }
  }

  #tell(task: BatchTask, event: RunEvent): void {
    if (event.kind === 'warning') {
      if (this.#warned.has(event.message)) return;
      if (this.#warned.size < mostWarnings) this.#warned.add(event.message);
    }
    this.#io.onEvent({ kind: 'task-event', task, event });
  }
}
