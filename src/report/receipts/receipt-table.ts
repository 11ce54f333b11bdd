import type { ReceiptListing, ReceiptRow } from '../../receipt/receipt-listing.ts';
import { cut } from '../columns.ts';
import { commandText } from '../command-text.ts';
import { elapsedText } from '../progress-text.ts';
import { table } from '../table.ts';
import { printable } from '../terminal.ts';

const head = ['ID', 'STATUS', 'EXIT', 'TOOK', 'WHEN', 'COMMAND'];
const commandColumn = head.length - 1;
/** As long as an id can be that we gave. */
const mostIdColumns = 63;
const leastCommandColumns = 10;
const columnGap = 2;
const mostNamed = 5;
const mostReasons = 10;

/** One line each. `columns`: how wide the terminal is, on which the command is cut; null where none is. */
export function receiptTable(rows: readonly ReceiptRow[], columns: number | null): string {
  const cells = rows.map((row) => [
    cut(printable(row.id), mostIdColumns),
    row.status,
    row.exitCode === null ? '-' : String(row.exitCode),
    row.durationMs === null ? '-' : tookText(row.durationMs),
    whenText(row),
    printable(rowCommand(row)),
  ]);
  return table(head, columns === null ? cells : fitted(cells, columns));
}

function fitted(cells: readonly string[][], columns: number): string[][] {
  const widths = head
    .slice(0, commandColumn)
    .map((title, column) =>
      cells.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), title.length),
    );
  const before = widths.reduce((sum, width) => sum + width + columnGap, 0);
  const left = Math.max(leastCommandColumns, columns - before);
  return cells.map((row) => [...row.slice(0, commandColumn), cut(row[commandColumn] ?? '', left)]);
}

/** The command as a shell would read it back, harmless on a terminal. */
export function rowCommand({ command, commandTruncated }: ReceiptRow): string {
  return commandTruncated ? `${commandText(command)} …` : commandText(command);
}

function whenText({ startedAt, writtenAt }: ReceiptRow): string {
  const time = startedAt ?? writtenAt;
  return time === null ? '-' : secondsTime(time);
}

/** `29 ms`, and from a second on as everywhere. */
export function tookText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : elapsedText(ms);
}

/** RFC 3339, without fractions. */
export function secondsTime(time: string): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** What lies there besides, for lines of our own. */
export function besidesNotes({ batchSummaries, foreign, unreadable }: ReceiptListing): string[] {
  const besides = [
    ...named(batchSummaries, ['summary of a batch', 'summaries of batches']),
    ...named(foreign, ['other JSON file', 'other JSON files']),
  ];
  const reasons = unreadable.map(
    ({ name, reason }) => `cannot be read as a receipt: ${name}: ${reason}`,
  );
  const hidden = reasons.length - mostReasons;
  return [
    ...(besides.length === 0 ? [] : [`besides, ${besides.join(' and ')}`]),
    ...reasons.slice(0, mostReasons),
    ...(hidden > 0 ? [`and ${hidden} more of these, which --json names`] : []),
  ];
}

function named(names: readonly string[], [one, several]: readonly [string, string]): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, mostNamed).join(', ');
  const rest = names.length > mostNamed ? ', …' : '';
  return [`${names.length} ${names.length === 1 ? one : several} (${shown}${rest})`];
}
