import { cutLine } from '../content-lines.ts';
import { table } from '../table.ts';

/** A fact and its text; more than one line of it where it has several, and no row where it has none. */
export type FactRow = readonly [title: string, text: string | null];

/** Harmless on a terminal. */
export function factTable(rows: readonly FactRow[]): string {
  const cells = rows.flatMap(([title, text]) => {
    const lines = text === null || text === '' ? [] : text.split('\n');
    return lines.map((line, index) => [index === 0 ? title : '', cutLine(line)]);
  });
  const [head = [], ...body] = cells;
  return table(head, body);
}
