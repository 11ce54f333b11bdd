/** Why the sandbox ended a task. */
export type StopCause =
  | { readonly kind: 'deadline' }
  | { readonly kind: 'workspace-limit' }
  | { readonly kind: 'cancelled'; readonly signal: NodeJS.Signals };

/** One signal that was sent to the task, in milliseconds since it started. */
export interface SentSignal {
  readonly signal: NodeJS.Signals;
  readonly afterMs: number;
}

/**
 * The first cause to end the task wins. A cause is claimed only once its first signal was delivered: a task
 * that had already ended by then ended by itself, whatever the clock says.
 */
export class Termination {
  readonly signals: SentSignal[] = [];
  #cause: StopCause | null = null;

  get cause(): StopCause | null {
    return this.#cause;
  }

  record(cause: StopCause, sent: SentSignal): void {
    this.#cause ??= cause;
    this.signals.push(sent);
    // The answer to an earlier one may come later.
    this.signals.sort((one, other) => one.afterMs - other.afterMs);
  }

  /** What was delivered was delivered to nobody: the task had ended before. */
  withdraw(): void {
    this.#cause = null;
    this.signals.length = 0;
  }
}
