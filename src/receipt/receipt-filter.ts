import { type Status, statuses } from '../outcome/outcome.ts';
import { parseDurationMs } from '../spec/duration.ts';
import { Expectation } from '../spec/expectation.ts';
import { nearestOf } from '../spec/nearest.ts';
import { type ReceiptRow, timeOf } from './receipt-listing.ts';

/** Which receipts are asked for; null is no matter. */
export interface ReceiptFilter {
  readonly statuses: readonly Status[] | null;
  readonly sinceMs: number | null;
}

export function isWanted(row: ReceiptRow, filter: ReceiptFilter): boolean {
  if (filter.statuses && !filter.statuses.includes(row.status)) return false;
  return filter.sinceMs === null || timeOf(row) >= filter.sinceMs;
}

/** One or several, with commas between them. */
export function parseStatuses(text: string): Status[] {
  return text.split(',').map((word) => {
    const status = statuses.find((candidate) => candidate === word);
    if (status === undefined)
      throw new Expectation(statuses.join(', '), word, nearestOf(word, statuses));
    return status;
  });
}

const datePattern = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** A moment in milliseconds since 1970: so long ago, or a date, which is UTC unless it says otherwise. */
export function parseSince(text: string, nowMs: number): number {
  const date = datePattern.exec(text);
  if (date) {
    const isWhole = text.length <= 'YYYY-MM-DD'.length || date[1] !== undefined;
    const time = Date.parse(`${text.replace(' ', 'T')}${isWhole ? '' : 'Z'}`);
    if (!Number.isNaN(time)) return time;
  }
  try {
    return nowMs - parseDurationMs(text);
  } catch (error) {
    if (!(error instanceof Expectation)) throw error;
    throw new Expectation(
      'how long ago, such as 90s, 2h or 7d, or a date such as 2026-11-21 or 2026-11-21T18:05Z',
      text,
    );
  }
}

export function parseLimit(text: string): number {
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1) throw new Expectation('a number of receipts of at least 1', text);
  return limit;
}
