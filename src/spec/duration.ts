import { Expectation } from './expectation.ts';

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A number of seconds, or a number with a unit, as in timeout(1). 0 means none. */
export function parseDurationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h|d)?$/.exec(text);
  const ms = match ? Number(match[1]) * (unitMs[match[2] ?? 's'] ?? Number.NaN) : Number.NaN;
  if (!Number.isSafeInteger(Math.ceil(ms))) {
    throw new Expectation('a duration such as 90, 30s, 2m or 1.5h (0 for none)', text);
  }
  // However tiny, it must not become 0, which means none.
  const least = /[1-9]/.test(match?.[1] ?? '') ? 1 : 0;
  // Free of the noise of binary fractions, which begins behind the 15th digit.
  return Math.max(least, Math.ceil(Number.isInteger(ms) ? ms : Number(ms.toPrecision(15))));
}

/** `2s`, `90s`, `5m`, `250ms`: what parseDurationMs would read, for people. */
export function formatDuration(ms: number): string {
  if (ms < 1000 && ms > 0) return `${ms}ms`;
  if (ms % 1000 !== 0 || ms < 60_000) return `${Number((ms / 1000).toFixed(3))}s`;
  if (ms % 86_400_000 === 0) return `${ms / 86_400_000}d`;
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  return ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1000}s`;
}
