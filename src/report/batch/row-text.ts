import { type BatchRow, type RowStatus, rowStatuses } from '../../receipt/batch-summary.ts';

/** What an ending comes to for those who only tell three kinds of bad news apart. */
export type RowVerdict = 'passed' | 'failure' | 'error' | 'skipped';

const verdicts: Readonly<Record<RowStatus, RowVerdict>> = {
  passed: 'passed',
  failed: 'failure',
  'timed-out': 'failure',
  'out-of-memory': 'failure',
  'workspace-limit': 'failure',
  cancelled: 'skipped',
  'not-started': 'error',
  'engine-failed': 'error',
  'not-run': 'skipped',
};

export function verdictOf({ status, stoppedByOther }: Judged): RowVerdict {
  return stoppedByOther ? 'error' : verdicts[status];
}

export type Judged = Pick<BatchRow, 'status' | 'stoppedByOther'>;

/** Whether somebody has to look at it: what the caller cancelled is no news. */
export function isTrouble(row: Judged): boolean {
  return ['failure', 'error'].includes(verdictOf(row));
}

/** The same of all that have a status. */
export function isTroubleStatus(status: RowStatus): boolean {
  return isTrouble({ status, stoppedByOther: false });
}

/** `failed, exit code 3`, or what ended it. Made of foreign text in part, so never raw to a terminal. */
export function endingText(row: BatchRow): string {
  return row.reused ? `${ownEndingText(row)} (earlier, not run again)` : ownEndingText(row);
}

function ownEndingText({ status, reason, exitCode }: BatchRow): string {
  const words = status.replaceAll('-', ' ');
  if (reason !== null) return reason.startsWith(words) ? reason : `${words}: ${reason}`;
  return status === 'passed' || exitCode === null ? words : `${words}, exit code ${exitCode}`;
}

export type StatusCounts = Readonly<Partial<Record<RowStatus, number>>>;

/** Those that occurred, in the order in which statuses are listed everywhere. */
export function occurring(counts: StatusCounts): { status: RowStatus; count: number }[] {
  return rowStatuses
    .map((status) => ({ status, count: counts[status] ?? 0 }))
    .filter(({ count }) => count > 0);
}

/** `398 passed, 3 failed`. */
export function countsText(counts: StatusCounts): string {
  return occurring(counts)
    .map(({ status, count }) => `${countText(count)} ${status}`)
    .join(', ');
}

/** `12,345`. */
export function countText(count: number): string {
  return count.toLocaleString('en-US');
}
