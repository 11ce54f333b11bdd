import type { RowStatus } from '../../../../receipt/batch-summary.ts';
import type { PageRow } from '../page-data.ts';

/** What needs a look comes first. */
export const statusOrder: readonly RowStatus[] = [
  'failed',
  'timed-out',
  'out-of-memory',
  'workspace-limit',
  'engine-failed',
  'not-started',
  'cancelled',
  'not-run',
  'passed',
];

export const columns = ['status', 'id', 'command', 'duration', 'attempts', 'exit'] as const;
export type Column = (typeof columns)[number];

export interface View {
  readonly text: string;
  /** Empty: all. */
  readonly statuses: ReadonlySet<RowStatus>;
  readonly sortBy: Column;
  readonly descending: boolean;
}

/** Those that the view lets through, in its order; equals stay in the order of the file. */
export function visibleRows(rows: readonly PageRow[], view: View): PageRow[] {
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = rows.filter(
    (row) =>
      (view.statuses.size === 0 || view.statuses.has(row.status)) &&
      words.every((word) => haystack(row).includes(word)),
  );
  const order = view.descending ? -1 : 1;
  return shown.sort((a, b) => order * compare(a, b, view.sortBy) || a.index - b.index);
}

function haystack({ id, command, reason }: PageRow): string {
  return `${id} ${command} ${reason ?? ''}`.toLowerCase();
}

const collator = new Intl.Collator('en', { numeric: true });

function compare(a: PageRow, b: PageRow, column: Column): number {
  switch (column) {
    case 'status':
      return statusOrder.indexOf(a.status) - statusOrder.indexOf(b.status);
    case 'id':
      return collator.compare(a.id, b.id);
    case 'command':
      return collator.compare(a.command, b.command);
    case 'duration':
      return (a.durationMs ?? -1) - (b.durationMs ?? -1);
    case 'attempts':
      return a.attempts - b.attempts;
    case 'exit':
      return (a.exitCode ?? -1) - (b.exitCode ?? -1);
  }
}
