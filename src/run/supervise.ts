import { constants } from 'node:os';
import type { Ending, RunningTask } from '../engine/engine.ts';
import { startTimer } from '../engine/timer.ts';
import { SandboxFailure } from '../failure.ts';
import { cancellerOf } from '../outcome/cancellation.ts';
import type { StopCause, Termination } from '../outcome/termination.ts';
import type { Limits } from '../spec/task-spec.ts';

export interface Supervision {
  readonly limits: Limits;
  /** Ends the task; its reason is the signal to forward. */
  readonly cancel: AbortSignal;
  /** Ends the task at once. */
  readonly force: AbortSignal;
  /** Aborted when the workspace has grown past its limit. */
  readonly overLimit: AbortSignal;
  readonly termination: Termination;
  /** A shell at a terminal is deaf to most signals, and ends by SIGHUP: its terminal goes away. */
  readonly hasTerminal: boolean;
  /** Called as a signal is about to be sent. */
  readonly onSignal: (signal: NodeJS.Signals) => void;
}

/** How long an engine may take to report an end that must have come. */
const endLimitMs = 10_000;

/**
 * Waits for the task's end and brings it about where the deadline passes or the caller cancels: first a signal
 * that it can answer, then, after the grace, SIGKILL. Only a caller's signal, or a limit that is overrun, cuts the
 * grace short.
 */
export async function supervise(task: RunningTask, supervision: Supervision): Promise<Ending> {
  const { limits, cancel, force, overLimit, hasTerminal } = supervision;
  const stopper = new Stopper(task, supervision);
  const onCancel = () => {
    const signal = cancelSignalOf(cancel);
    const isImpatient = stopper.isStopping && cancellerOf(cancel) === null;
    if (isImpatient) stopper.killNow();
    else stopper.stop({ kind: 'cancelled', signal }, hasTerminal ? 'SIGHUP' : signal);
  };
  const onForce = () => {
    stopper.killNow();
  };
  const onOverLimit = () => {
    // No grace: every moment of it fills the disk.
    if (stopper.isStopping) stopper.killNow();
    else stopper.stop({ kind: 'workspace-limit' }, 'SIGKILL');
  };
  const onDeadline = () => {
    stopper.stop({ kind: 'deadline' }, hasTerminal ? 'SIGHUP' : 'SIGTERM');
  };
  const cancelDeadline =
    limits.timeoutMs === 0 ? () => undefined : startTimer(limits.timeoutMs, onDeadline);
  cancel.addEventListener('abort', onCancel, { once: true });
  force.addEventListener('abort', onForce, { once: true });
  overLimit.addEventListener('abort', onOverLimit, { once: true });
  if (cancel.aborted) onCancel();
  if (force.aborted) onForce();
  if (overLimit.aborted) onOverLimit();
  try {
    const ending = await Promise.race([task.ended(), stopper.failed]);
    await stopper.settled();
    if (ending.endedFirst) supervision.termination.withdraw();
    return ending;
  } finally {
    cancelDeadline();
    stopper.close();
    cancel.removeEventListener('abort', onCancel);
    force.removeEventListener('abort', onForce);
    overLimit.removeEventListener('abort', onOverLimit);
  }
}

/** The signal that cancelled: the reason where it names one, else SIGTERM. */
export function cancelSignalOf(cancel: AbortSignal): NodeJS.Signals {
  const reason: unknown = cancel.reason;
  const isSignal = typeof reason === 'string' && Object.hasOwn(constants.signals, reason);
  return isSignal ? (reason as NodeJS.Signals) : 'SIGTERM';
}

class Stopper {
  /** Rejects when the task can neither be signalled nor seen to end. */
  readonly failed: Promise<never>;
  readonly #task: RunningTask;
  readonly #supervision: Supervision;
  readonly #startedMs = performance.now();
  #fail: (error: unknown) => void = () => undefined;
  #cause: StopCause | null = null;
  #sending: Promise<unknown> = Promise.resolve();
  #cancelTimer: () => void = () => undefined;

  constructor(task: RunningTask, supervision: Supervision) {
    this.#task = task;
    this.#supervision = supervision;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined);
  }

  get isStopping(): boolean {
    return this.#cause !== null;
  }

  /** The first cause decides. What it gave the task for its end, a later one does not take away. */
  stop(cause: StopCause, signal: NodeJS.Signals): void {
    if (this.#cause) return;
    this.#cause = cause;
    this.#begin(() => this.#send(signal));
    // From the signal, and not a moment less, however long the engine takes to answer.
    this.#after(this.#supervision.limits.killAfterMs, () => this.killNow());
  }

  killNow(): void {
    this.#cause ??= { kind: 'cancelled', signal: 'SIGKILL' };
    this.#begin(() => this.#send('SIGKILL'));
  }

  /** Signals that are under way decide who was first, so the outcome waits for their answers. */
  async settled(): Promise<void> {
    await this.#sending;
  }

  close(): void {
    this.#cancelTimer();
  }

  #begin(work: () => Promise<unknown>): void {
    const begun = work().catch((error: unknown) => this.#fail(error));
    this.#sending = Promise.all([this.#sending, begun]);
  }

  async #send(signal: NodeJS.Signals): Promise<'sent' | 'already-ended'> {
    this.#supervision.onSignal(signal);
    const afterMs = performance.now() - this.#startedMs;
    const record = () => {
      if (this.#cause) this.#supervision.termination.record(this.#cause, { signal, afterMs });
    };
    const answer = await this.#task.kill(signal).catch((error: unknown) => {
      // Its answer was lost, not the signal: as far as we know it was sent.
      record();
      throw error;
    });
    if (answer === 'sent') record();
    if (answer === 'already-ended' || signal === 'SIGKILL') {
      this.#after(endLimitMs, () => this.#fail(endNotSeen()));
    }
    return answer;
  }

  #after(delayMs: number, work: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = startTimer(delayMs, work);
  }
}

function endNotSeen(): SandboxFailure {
  return new SandboxFailure(
    'engine-unresponsive',
    `the engine did not report the end of the task within ${endLimitMs / 1000} s of SIGKILL`,
    {
      hint: 'What is left of the task is removed now or, where that fails, by the next sandbox command.',
    },
  );
}
