import type { Machine } from './machine.ts';
import type { Comparison, RowOutcome, Target } from './row.ts';
import { median } from './statistics.ts';

/** All that one run of the benchmarks found. */
export interface Result {
  readonly machine: Machine;
  /** True where few repetitions were asked for, so that the figures only show that all works. */
  readonly isQuick: boolean;
  readonly notes: readonly string[];
  readonly rows: readonly RowResult[];
}

export interface RowResult {
  readonly name: string;
  readonly about: string;
  readonly outcome: RowOutcome;
}

export function comparisonsOf({ rows }: Result): Comparison[] {
  return rows.flatMap(({ outcome }) => (outcome.kind === 'measured' ? outcome.comparisons : []));
}

/** `1.07×` or `64 MB`. */
export function figureText(figure: number, unit: Comparison['unit']): string {
  return unit === '×' ? `${figure.toFixed(2)}×` : `${figure.toFixed(0)} MB`;
}

export function medianText({ values, unit }: Comparison): string {
  return figureText(median(values), unit);
}

export function targetText({ bound, must, goal }: Target, unit: Comparison['unit']): string {
  const sign = bound === 'at-most' ? '≤' : '≥';
  const limits = [must, ...(goal === null ? [] : [goal])];
  return limits.map((limit) => `${sign} ${figureText(limit, unit)}`).join(', goal ');
}
