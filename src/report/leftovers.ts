import type { Leftover } from '../engine/engine.ts';
import { printable } from './terminal.ts';

/** What became of something that a killed run left. */
export interface GoneOrNot extends Pick<Leftover, 'kind' | 'name' | 'reason'> {
  readonly removed: boolean;
  /** Why it could not be removed. */
  readonly error: string | null;
}

/** One line for each, and how many there were. */
export function leftoversText(
  rows: readonly GoneOrNot[],
  { isDryRun }: { isDryRun: boolean },
): string {
  const lines = rows.map((row) => `${printable(lineOf(row, isDryRun))}\n`);
  return `${lines.join('')}${totalOf(rows, isDryRun)}\n`;
}

function lineOf({ kind, name, reason, error }: GoneOrNot, isDryRun: boolean): string {
  if (error !== null) return `could not remove ${kind} ${name} (${reason}): ${error}`;
  return `${isDryRun ? 'would remove' : 'removed'} ${kind} ${name} (${reason})`;
}

function totalOf(rows: readonly GoneOrNot[], isDryRun: boolean): string {
  if (rows.length === 0) return 'nothing is left behind';
  const failed = rows.filter(({ error }) => error !== null).length;
  const rest = rows.length - failed;
  if (isDryRun) return `to be removed: ${rest}`;
  return failed === 0 ? `removed: ${rest}` : `removed: ${rest}, not removed: ${failed}`;
}
