import { printable } from './terminal.ts';

/** Columns as wide as their widest cell; the last one is not padded. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map((cell) => printable(cell)));
  // Not Math.max(...): there may be more rows than a call takes arguments.
  const widths = head.map((_, column) =>
    lines.reduce((widest, row) => Math.max(widest, (row[column] ?? '').length), 0),
  );
  return lines
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
