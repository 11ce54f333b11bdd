import type { PageRow } from '../page-data.ts';

export interface Bin {
  readonly fromMs: number;
  readonly toMs: number;
  readonly passed: number;
  readonly others: number;
}

const fewestBins = 12;

/** Of the tasks that ran here, in bins that grow by the same factor. */
export function binsOf(rows: readonly PageRow[]): Bin[] {
  const ran = timed(rows);
  if (ran.length === 0) return [];
  const times = ran.map(({ durationMs }) => Math.max(1, durationMs));
  const [low, high] = times.reduce(
    ([least, most], time) => [Math.min(least, time), Math.max(most, time)],
    [Infinity, 1],
  );
  const count = Math.min(40, Math.max(fewestBins, Math.round(Math.sqrt(ran.length))));
  const factor = Math.max(1.02, (high / low) ** (1 / count)) * (1 + 1e-9);
  const bins = Array.from({ length: count }, (_, at) => ({
    fromMs: low * factor ** at,
    toMs: low * factor ** (at + 1),
    passed: 0,
    others: 0,
  }));
  ran.forEach(({ status }, at) => {
    const place = Math.floor(Math.log((times[at] ?? low) / low) / Math.log(factor));
    const bin = bins[Math.min(count - 1, Math.max(0, place))];
    if (bin) bin[status === 'passed' ? 'passed' : 'others'] += 1;
  });
  return bins;
}

/** The duration that a share of the tasks did not exceed; null where none ran. */
export function quantileMs(rows: readonly PageRow[], share: number): number | null {
  const times = timed(rows)
    .map(({ durationMs }) => durationMs)
    .sort((a, b) => a - b);
  return times[Math.max(0, Math.ceil(times.length * share) - 1)] ?? null;
}

export function slowest(rows: readonly PageRow[], most: number) {
  return timed(rows)
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, most);
}

type TimedRow = PageRow & { readonly durationMs: number };

function timed(rows: readonly PageRow[]): TimedRow[] {
  return rows.filter((row): row is TimedRow => row.durationMs !== null && row.startMs !== null);
}
