import type { CheckRow } from '../doctor/check.ts';
import { isFailing, type ProbeRow, type Proof } from '../prove/prove.ts';
import type { Verdict } from '../prove/probe.ts';
import { type Terminal, colorsFor, printable } from './terminal.ts';

/** `✓ name  finding`, `✗ name  finding` and `→ remedy`, and what they come to. */
export function checksText(terminal: Terminal, rows: readonly CheckRow[]): string {
  const colors = colorsFor(terminal.stdout, terminal.env);
  const width = widest(rows);
  const mark = ({ ok, checked }: CheckRow) =>
    !checked ? colors.dim('–') : ok ? colors.green('✓') : colors.red('✗');
  const lines = rows.flatMap((row) => [
    `${mark(row)} ${row.name.padEnd(width)}  ${printable(row.finding)}`,
    ...(row.remedy === null ? [] : [`  ${' '.repeat(width)}  → ${printable(row.remedy)}`]),
  ]);
  const unmade = rows.filter(({ checked }) => !checked).length;
  const failed = rows.filter(({ ok, checked }) => !ok && checked).length;
  const rest = unmade === 0 ? '' : `, ${unmade} could not be made`;
  const end = rows.every(({ ok }) => ok)
    ? `${colors.green('✓')} All pre-flight checks passed${rest}`
    : `${colors.red('✗')} ${failed} of ${rows.length} checks failed${rest}`;
  return `${[...lines, end].join('\n')}\n`;
}

const marks: Readonly<Record<Verdict, string>> = {
  held: '✓',
  broken: '✗',
  unproven: '✗',
  'not-promised': '–',
  untestable: '–',
};

const prefixes: Readonly<Record<Verdict, string>> = {
  held: 'held',
  broken: 'BROKEN',
  unproven: 'not proven',
  'not-promised': 'not promised',
  untestable: 'cannot be tried here',
};

/** What was tried, what must happen, and what did. */
export function probeText(terminal: Terminal, row: ProbeRow, width: number): string {
  const colors = colorsFor(terminal.stdout, terminal.env);
  const color =
    row.verdict === 'held' ? colors.green : isFailing(row.verdict) ? colors.red : colors.dim;
  const indent = ' '.repeat(width + 4);
  return [
    `${color(marks[row.verdict])} ${row.name.padEnd(width)}  tried:  ${printable(row.tries)}`,
    `${indent}must:   ${printable(row.expects)}`,
    `${indent}result: ${color(prefixes[row.verdict])}: ${printable(row.evidence)}`,
    '',
  ].join('\n');
}

export function proofText(terminal: Terminal, { rows, level, engine }: Proof): string {
  const colors = colorsFor(terminal.stdout, terminal.env);
  const count = (...verdicts: Verdict[]) =>
    rows.filter(({ verdict }) => verdicts.includes(verdict)).length;
  const failed = count('broken', 'unproven');
  const where = `${engine?.name ?? 'no engine'}, isolation ${level}`;
  const counts = [
    `held: ${count('held')}`,
    `failed: ${failed}`,
    `not promised: ${count('not-promised')}`,
    `cannot be tried here: ${count('untestable')}`,
  ].join(', ');
  const mark = failed === 0 ? colors.green('✓') : colors.red('✗');
  return `${mark} ${counts} (${where})\n`;
}

function widest(rows: readonly { readonly name: string }[]): number {
  return Math.max(0, ...rows.map(({ name }) => name.length));
}
