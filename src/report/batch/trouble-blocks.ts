import type { BatchRow, BatchSummary } from '../../receipt/batch-summary.ts';
import type { Receipt } from '../../receipt/receipt.ts';
import { shellLine } from '../shell-quote.ts';
import { printable } from '../terminal.ts';
import { type OutputTail, type ReceiptReader, lastLines, outputTails } from './receipt-output.ts';
import { endingText, isTrouble } from './row-text.ts';

/** A task that somebody has to look at, and what a log says of it. */
export interface TroubleBlock {
  readonly row: BatchRow;
  /** In one line, fit to print. */
  readonly title: string;
  /** Fit to print, each. */
  readonly lines: readonly string[];
}

export interface BlockLimits {
  readonly tasks: number;
  readonly linesPerStream: number;
  readonly bytesPerTask: number;
}

export function troublesOf({ tasks }: BatchSummary): BatchRow[] {
  return tasks.filter(isTrouble);
}

/** In the order of the file; no more than one receipt is in memory. */
export async function* troubleBlocks(
  summary: BatchSummary,
  readReceipt: ReceiptReader,
  limits: BlockLimits,
): AsyncGenerator<TroubleBlock> {
  for (const row of troublesOf(summary).slice(0, limits.tasks)) {
    const receipt = await readReceipt(row);
    const title = printable(`${row.id}: ${endingText(row)}`);
    yield { row, title, lines: linesOf(row, receipt, limits).map(printable) };
  }
}

function linesOf(row: BatchRow, receipt: Receipt | null, limits: BlockLimits): string[] {
  const facts = [`$ ${shellLine(row.command).slice(0, 1000)}`];
  if (row.receipt !== null) facts.push(`receipt: ${row.receipt}`);
  if (receipt === null) return facts;
  const { stdout, stderr } = outputTails(receipt, limits.bytesPerTask);
  const streams = [
    ['stdout', stdout],
    ['stderr', stderr],
  ] as const;
  const said = streams.flatMap(([name, tail]) => streamLines(name, tail, limits.linesPerStream));
  return [...facts, ...said];
}

function streamLines(name: string, tail: OutputTail, most: number): string[] {
  const all = lastLines(tail, Infinity);
  if (all.length === 0) return [];
  const shown = all.slice(-most);
  const isCut = shown.length < all.length || tail.omittedBytes !== 0;
  return [isCut ? `${name}, the last lines:` : `${name}:`, ...shown];
}
