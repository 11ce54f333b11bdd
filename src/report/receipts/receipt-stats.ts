import { roundMs } from '../../engine/phase-clock.ts';
import type { Status } from '../../outcome/outcome.ts';
import { statuses } from '../../outcome/outcome.ts';
import type { ReceiptRow } from '../../receipt/receipt-listing.ts';
import { isTroubleStatus } from '../batch/row-text.ts';
import { rowCommand } from './receipt-table.ts';

const mostListed = 5;

/** Of those whose duration is known. Milliseconds. */
interface DurationStats {
  readonly count: number;
  readonly minMs: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  readonly totalMs: number;
}

interface CommandStats {
  /** As a shell would read it; cut where it is long. */
  readonly command: string;
  readonly failures: number;
  readonly total: number;
}

export interface ReceiptStats {
  readonly total: number;
  readonly byStatus: Readonly<Record<Status, number>>;
  /** Share of all that passed, from 0 to 1; null where there are none. */
  readonly passRate: number | null;
  readonly from: string | null;
  readonly to: string | null;
  /** Null where no duration is known. */
  readonly durations: DurationStats | null;
  readonly unknownDurations: number;
  readonly slowest: readonly ReceiptRow[];
  readonly failing: readonly CommandStats[];
}

/** Rows as they are listed: the newest first. */
export function statsOf(rows: readonly ReceiptRow[]): ReceiptStats {
  const byStatus = countsOf(rows);
  const timed = rows.filter((row) => row.durationMs !== null).sort(bySlowness);
  const started = rows.flatMap(({ startedAt }) => (startedAt === null ? [] : [startedAt]));
  return {
    total: rows.length,
    byStatus,
    passRate: rows.length === 0 ? null : byStatus.passed / rows.length,
    from: started.at(-1) ?? null,
    to: started[0] ?? null,
    durations: durationsOf(timed.map((row) => row.durationMs ?? 0).reverse()),
    unknownDurations: rows.length - timed.length,
    slowest: timed.slice(0, mostListed),
    failing: failingCommands(rows),
  };
}

function countsOf(rows: readonly ReceiptRow[]): Record<Status, number> {
  const none = Object.fromEntries(statuses.map((status) => [status, 0]));
  const counts = none as Record<Status, number>;
  for (const { status } of rows) counts[status] += 1;
  return counts;
}

function bySlowness(a: ReceiptRow, b: ReceiptRow): number {
  return (b.durationMs ?? 0) - (a.durationMs ?? 0);
}

/** Of the shortest first. */
function durationsOf(sorted: readonly number[]): DurationStats | null {
  const [minMs] = sorted;
  if (minMs === undefined) return null;
  const at = (rank: number) => sorted[rank] ?? minMs;
  const middle = (sorted.length - 1) / 2;
  return {
    count: sorted.length,
    minMs,
    medianMs: roundMs((at(Math.floor(middle)) + at(Math.ceil(middle))) / 2),
    // The nearest rank: one that really occurred.
    p95Ms: at(Math.ceil(sorted.length * 0.95) - 1),
    maxMs: at(sorted.length - 1),
    totalMs: roundMs(sorted.reduce((sum, ms) => sum + ms, 0)),
  };
}

/** Those that failed most often; what the caller cancelled is no failure. */
function failingCommands(rows: readonly ReceiptRow[]): CommandStats[] {
  const found = new Map<string, { failures: number; total: number }>();
  for (const row of rows) {
    const command = rowCommand(row);
    const { failures, total } = found.get(command) ?? { failures: 0, total: 0 };
    found.set(command, {
      failures: failures + (isTroubleStatus(row.status) ? 1 : 0),
      total: total + 1,
    });
  }
  return [...found]
    .map(([command, counts]) => ({ command, ...counts }))
    .filter(({ failures }) => failures > 0)
    .sort((a, b) => b.failures - a.failures || a.total - b.total)
    .slice(0, mostListed);
}
