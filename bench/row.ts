/** Measured values of one subject, one per round. */
export interface Series {
  readonly label: string;
  readonly unit: 'ms' | 'MB' | 'MB/s' | 'tasks/s';
  readonly samples: readonly number[];
}

export interface Target {
  readonly bound: 'at-most' | 'at-least';
  readonly must: number;
  readonly goal: number | null;
}

/** One line of the table: a figure for each round, of which the median counts. */
export interface Comparison {
  readonly title: string;
  /** What it is compared with; null for an absolute figure. */
  readonly against: string | null;
  readonly unit: '×' | 'MB';
  readonly values: readonly number[];
  /** Null where it only informs. */
  readonly target: Target | null;
}

interface Measured {
  readonly kind: 'measured';
  readonly series: readonly Series[];
  readonly comparisons: readonly Comparison[];
  /** What a reader has to know to judge the figures. */
  readonly notes: readonly string[];
}

export type RowOutcome =
  | Measured
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** What is measured with, the same for every row. */
export interface Bench {
  readonly sandbox: string;
  /** The Node that the program under test runs on. */
  readonly node: string;
  readonly rawRun: string;
  /** Empty at first; the workspace of every task. */
  readonly workspace: string;
  readonly scratch: string;
  readonly isQuick: boolean;
  readonly say: (line: string) => void;
}

/** One row of the table of measures: a file in bench/rows. */
export interface Row {
  readonly name: string;
  readonly about: string;
  readonly measure: (bench: Bench) => Promise<RowOutcome>;
}

export function skipped(reason: string): RowOutcome {
  return { kind: 'skipped', reason };
}
