import { setImmediate } from 'node:timers/promises';

/** Synchronous file calls are several times faster than awaited ones, but nothing else may starve meanwhile. */
const sliceMs = 10;

/** Says when it is time to let others run, and lets them. */
export class TimeSlice {
  #endMs = performance.now() + sliceMs;
  readonly #cancel: AbortSignal | null;

  constructor(cancel: AbortSignal | null = null) {
    this.#cancel = cancel;
  }

  get isOver(): boolean {
    return performance.now() >= this.#endMs;
  }

  /** Rejects with the reason where the work was cancelled. */
  async rest(): Promise<void> {
    await setImmediate();
    this.#cancel?.throwIfAborted();
    this.#endMs = performance.now() + sliceMs;
  }
}
