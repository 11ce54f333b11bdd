import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { deadlineSignal, startTimer, within } from '../../src/engine/timer.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const longest = 2 ** 31 - 1;

describe('startTimer', () => {
  test.each([
    ['none', 0],
    ['one millisecond', 1],
    ['the longest that setTimeout can do', longest],
    ['one millisecond more than that', longest + 1],
    ['a hundred days', 100 * 86_400_000],
  ])('A delay of %s elapses once, and not before its time', (_, delayMs) => {
    const elapsed: number[] = [];
    const start = performance.now();
    startTimer(delayMs, () => elapsed.push(performance.now() - start));
    vi.advanceTimersByTime(Math.max(0, delayMs - 1));
    expect(elapsed).toEqual(delayMs === 0 ? [0] : []);
    vi.advanceTimersByTime(delayMs + 1);
    expect(elapsed).toEqual([delayMs]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([0, 10, longest + 10])(
    'A timer of %i ms that is cancelled never elapses',
    (delayMs) => {
      let elapsed = 0;
      const cancel = startTimer(delayMs, () => (elapsed += 1));
      cancel();
      vi.advanceTimersByTime(delayMs + 1);
      expect(elapsed).toBe(0);
    },
  );

  test('A long timer can be cancelled after setTimeout has wrapped', () => {
    let elapsed = 0;
    const cancel = startTimer(longest + 10, () => (elapsed += 1));
    vi.advanceTimersByTime(longest + 5);
    cancel();
    vi.advanceTimersByTime(10);
    expect(elapsed).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('within', () => {
  test('A promise that is in time gives its own value, and leaves no timer', async () => {
    expect(await within(10, Promise.resolve('value'), 'late')).toBe('value');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('One that is late gives the fallback', async () => {
    const result = within(10, new Promise<string>(() => undefined), 'late');
    await vi.advanceTimersByTimeAsync(10);
    expect(await result).toBe('late');
  });

  test('A rejection is passed on, and leaves no timer', async () => {
    const work = within(10, Promise.reject(new Error('broken')), 'late');
    await expect(work).rejects.toThrow('broken');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('deadlineSignal', () => {
  test('It aborts when its time has come', () => {
    const { signal } = deadlineSignal(longest + 10);
    vi.advanceTimersByTime(longest + 9);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signal.aborted).toBe(true);
  });

  test('0 is never, and what is cleared does not abort', () => {
    const never = deadlineSignal(0);
    const cleared = deadlineSignal(10);
    expect(vi.getTimerCount()).toBe(1);
    cleared.clear();
    vi.advanceTimersByTime(1_000_000);
    expect([never.signal.aborted, cleared.signal.aborted]).toEqual([false, false]);
  });
});
