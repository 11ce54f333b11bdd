import { occurring } from '../batch/row-text.ts';
import { cut } from '../columns.ts';
import { table } from '../table.ts';
import { printable } from '../terminal.ts';
import type { ReceiptStats } from './receipt-stats.ts';
import { rowCommand, secondsTime, tookText } from './receipt-table.ts';

/** Wide enough to know a command by. */
const mostCommandColumns = 100;

/** For people. Nothing is said of what is not known but that. */
export function statsText(stats: ReceiptStats): string {
  return [
    table(['RECEIPTS', String(stats.total)], totalRows(stats)),
    slowestText(stats),
    failingText(stats),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function totalRows({ byStatus, passRate, from, to, ...stats }: ReceiptStats): string[][] {
  const counts = occurring(byStatus).map(({ status, count }) => [status, String(count)]);
  if (passRate === null) return [];
  return [
    ...counts,
    ['pass rate', `${(passRate * 100).toFixed(1)} % of all`],
    ['started', from && to ? `${secondsTime(from)} to ${secondsTime(to)}` : 'none of them'],
    ...durationRows(stats),
  ];
}

function durationRows({
  durations,
  unknownDurations,
}: Pick<ReceiptStats, 'durations' | 'unknownDurations'>): string[][] {
  if (durations === null) return [['took', 'not known of any']];
  const { minMs, medianMs, p95Ms, maxMs, totalMs, count } = durations;
  const of = unknownDurations === 0 ? '' : ` (of ${count}; not known of ${unknownDurations})`;
  return [
    ['shortest', tookText(minMs)],
    ['median', tookText(medianMs)],
    ['95 % within', tookText(p95Ms)],
    ['longest', tookText(maxMs)],
    ['together', `${tookText(totalMs)}${of}`],
  ];
}

function slowestText({ slowest }: ReceiptStats): string {
  if (slowest.length === 0) return '';
  const rows = slowest.map((row) => [
    tookText(row.durationMs ?? 0),
    row.status,
    cut(printable(row.id), 63),
    shortened(rowCommand(row)),
  ]);
  return table(['SLOWEST', 'STATUS', 'ID', 'COMMAND'], rows);
}

function failingText({ failing }: ReceiptStats): string {
  if (failing.length === 0) return '';
  const rows = failing.map(({ command, failures, total }) => [
    `${failures} of ${total}`,
    shortened(command),
  ]);
  return table(['FAILED', 'COMMAND'], rows);
}

function shortened(command: string): string {
  return cut(printable(command), mostCommandColumns);
}
