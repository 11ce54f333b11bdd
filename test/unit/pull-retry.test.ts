import { expect, test } from 'vitest';
import { withRetries } from '../../src/engine/docker/images/retry.ts';

/** Work that fails a number of times, and what was told of it. */
function failing(times: number) {
  const delaysMs: number[] = [];
  let calls = 0;
  const controller = new AbortController();
  const run = (isTransient: () => boolean, firstDelayMs = 1) =>
    withRetries(
      async () => {
        calls += 1;
        if (calls <= times) return await Promise.reject(new Error(`failure ${calls}`));
        return 'done';
      },
      {
        isTransient,
        cancel: controller.signal,
        onRetry: (_error, afterMs) => void delaysMs.push(afterMs),
        firstDelayMs,
      },
    );
  return { run, delaysMs, controller, calls: () => calls };
}

test('what fails three times is done the fourth time, each later than the one before', async () => {
  const { run, delaysMs } = failing(3);
  expect(await run(() => true, 20)).toBe('done');
  expect(delaysMs).toHaveLength(3);
  [20, 40, 80].forEach((leastMs, index) => {
    expect(delaysMs[index]).toBeGreaterThanOrEqual(leastMs);
    expect(delaysMs[index]).toBeLessThanOrEqual(leastMs * 1.5);
  });
});

test('after three retries the last failure counts', async () => {
  const { run, calls } = failing(9);
  await expect(run(() => true)).rejects.toThrow('failure 4');
  expect(calls()).toBe(4);
});

test('what will not pass is not tried again', async () => {
  const { run, calls } = failing(1);
  await expect(run(() => false)).rejects.toThrow('failure 1');
  expect(calls()).toBe(1);
});

test('a cancellation ends the waiting', async () => {
  const { run, controller, calls } = failing(9);
  const isTransient = () => {
    setImmediate(() => controller.abort());
    return true;
  };
  await expect(run(isTransient, 600_000)).rejects.toThrow();
  expect(calls()).toBe(1);
});
