import { haltModes } from './choices.ts';
import { parseDurationMs } from './duration.ts';
import { Expectation } from './expectation.ts';
import { nearestOf } from './nearest.ts';

/** Whether a batch goes on after failures: `soon` starts no more, `now` also ends those that run. */
export interface HaltPolicy {
  readonly when: (typeof haltModes)[number];
  /** How many tasks have to fail, or how many of a hundred. */
  readonly threshold: { readonly count: number } | { readonly percent: number };
}

/** As in GNU parallel: `never`, `soon`, `now,fail=3` or `soon,fail=20%`. */
export function parseHalt(text: string): HaltPolicy {
  const [, when, amount = '1', percent] =
    /^(never(?!,)|soon|now)(?:,fail=(\d{1,9})(%?))?$/.exec(text) ?? [];
  const value = Number(amount);
  const isShare = percent === '%';
  if (when === undefined || value === 0 || (isShare && value > 100)) {
    const [word = ''] = text.split(',');
    const isKnown = haltModes.some((mode) => mode === word);
    throw new Expectation(
      'never, soon or now, the last two with ,fail=N or ,fail=N% such as now,fail=3',
      text,
      isKnown ? null : nearestOf(word, haltModes),
    );
  }
  return {
    when: when as HaltPolicy['when'],
    threshold: isShare ? { percent: value } : { count: value },
  };
}

export function parseJobs(text: string): number {
  return wholeNumber(text, { least: 1, expected: 'a number of tasks at once of at least 1' });
}

export function parseRetries(text: string): number {
  return wholeNumber(text, { least: 0, expected: 'a number of retries, 0 for none' });
}

/** Endings that --retry-on can add to those that are tried again anyway. */
const retryableStatuses = ['failed', 'timed-out', 'out-of-memory', 'workspace-limit'] as const;
export type RetryableStatus = (typeof retryableStatuses)[number];

/** One or several, with commas between them. */
export function parseRetryOn(text: string): RetryableStatus[] {
  return text.split(',').map((word) => {
    const status = retryableStatuses.find((candidate) => candidate === word);
    if (status !== undefined) return status;
    const nearest = nearestOf(word, retryableStatuses);
    throw new Expectation(retryableStatuses.join(', '), word, nearest);
  });
}

/** Of the whole batch; 0 is none. */
export const parseBatchDeadline = parseDurationMs;

/** Any text: the same one gives the same order. */
export function parseSeed(text: string): string {
  if (text === '') throw new Expectation('a seed such as 42', text);
  return text;
}

function wholeNumber(
  text: string,
  { least, expected }: { least: number; expected: string },
): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : -1;
  if (value < least) throw new Expectation(expected, text);
  return value;
}
