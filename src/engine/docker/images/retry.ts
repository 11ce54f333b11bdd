import { setTimeout as delay } from 'node:timers/promises';

interface RetryOptions {
  readonly isTransient: (error: unknown) => boolean;
  /** Ends the waiting at once. The work has to listen by itself. */
  readonly cancel: AbortSignal;
  readonly onRetry: (error: unknown, afterMs: number) => void;
  readonly firstDelayMs?: number;
}

const mostRetries = 3;
const defaultFirstDelayMs = 500;

/** Does the work again, up to three times, where it fails for a reason that may pass. */
export async function withRetries<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let retries = 0; ; retries += 1) {
    try {
      return await work();
    } catch (error) {
      options.cancel.throwIfAborted();
      if (retries === mostRetries || !options.isTransient(error)) throw error;
      const afterMs = delayMs(retries, options.firstDelayMs ?? defaultFirstDelayMs);
      options.onRetry(error, afterMs);
      await delay(afterMs, undefined, { signal: options.cancel });
    }
  }
}

/** Twice as long each time, and never the same for all who failed at the same moment. */
function delayMs(retries: number, firstDelayMs: number): number {
  return Math.round(firstDelayMs * 2 ** retries * (1 + Math.random() / 2));
}
