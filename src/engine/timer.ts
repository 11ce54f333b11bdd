import { setImmediate as afterEvents, setTimeout as delay } from 'node:timers/promises';

/**
 * For whoever asks again and again. Node goes on with timers as long as there are some that have elapsed, so that
 * two who ask in turns would keep it from seeing anything else happen.
 */
export async function pauseBetweenLooks(): Promise<void> {
  await delay(1);
  await afterEvents();
}

/** setTimeout wraps at 2^31-1 ms (a longer delay would fire at once), so long waits are made of several. */
const longestDelayMs = 2 ** 31 - 1;

/** Calls back once after `delayMs` of monotonic time; returns what cancels it. */
export function startTimer(delayMs: number, onElapsed: () => void): () => void {
  const endMs = performance.now() + delayMs;
  let handle: NodeJS.Timeout;
  const arm = (): void => {
    const leftMs = Math.max(0, endMs - performance.now());
    handle = setTimeout(check, Math.min(Math.ceil(leftMs), longestDelayMs));
  };
  // A timer may fire a fraction of a millisecond early, too.
  const check = (): void => {
    if (performance.now() < endMs) arm();
    else onElapsed();
  };
  arm();
  return () => {
    clearTimeout(handle);
  };
}

/** What `promise` gives, or `fallback` when it takes longer. The promise's own rejection is passed on. */
export async function within<T, F>(
  limitMs: number,
  promise: Promise<T>,
  fallback: F,
): Promise<T | F> {
  let cancel: () => void = () => undefined;
  const elapsed = new Promise<F>((resolve) => {
    cancel = startTimer(limitMs, () => resolve(fallback));
  });
  try {
    return await Promise.race([promise, elapsed]);
  } finally {
    cancel();
  }
}

/** An AbortSignal that aborts after `delayMs`, however long that is; 0 means never. `clear` when it is not needed. */
export function deadlineSignal(delayMs: number): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  if (delayMs === 0) return { signal: controller.signal, clear: () => undefined };
  return { signal: controller.signal, clear: startTimer(delayMs, () => controller.abort()) };
}

/** Aborts `delayMs` after another one, for the same reason. `clear` when it is not needed. */
export function abortedLater(
  first: AbortSignal,
  delayMs: number,
): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  let cancelTimer: () => void = () => undefined;
  const start = () => {
    cancelTimer = startTimer(delayMs, () => controller.abort(first.reason));
  };
  if (first.aborted) start();
  else first.addEventListener('abort', start, { once: true });
  const clear = () => {
    first.removeEventListener('abort', start);
    cancelTimer();
  };
  return { signal: controller.signal, clear };
}
