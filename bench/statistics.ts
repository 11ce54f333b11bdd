import type { Comparison, Target } from './row.ts';

/** Linear between the two nearest ranks; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (sorted.length - 1) * share;
  const below = sorted[Math.floor(rank)] ?? NaN;
  const above = sorted[Math.ceil(rank)] ?? NaN;
  return below + (above - below) * (rank - Math.floor(rank));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Round by round, so that a machine whose speed drifts changes both sides alike. */
export function ratios(a: readonly number[], b: readonly number[]): number[] {
  if (a.length !== b.length)
    throw new Error(`expected as many rounds, got ${a.length} and ${b.length}`);
  return a.map((value, round) => value / (b[round] ?? NaN));
}

export type Verdict = 'goal' | 'must' | 'missed' | 'informs';

/** What the median of a comparison reaches. */
export function verdictOf({ values, target }: Comparison): Verdict {
  if (target === null) return 'informs';
  const figure = median(values);
  if (target.goal !== null && reaches(figure, target.goal, target.bound)) return 'goal';
  return reaches(figure, target.must, target.bound) ? 'must' : 'missed';
}

/** As it is printed: what is shown as 1.10 meets a limit of 1.10. */
function reaches(figure: number, limit: number, bound: Target['bound']): boolean {
  const shown = Math.round(figure * 100) / 100;
  return bound === 'at-most' ? shown <= limit : shown >= limit;
}
