import { appendFile, stat } from 'node:fs/promises';
import type { BatchRow, BatchSummary } from '../../receipt/batch-summary.ts';
import { elapsedText } from '../progress-text.ts';
import { codeBlock, markdownRow, markdownText } from './markdown.ts';
import type { ReceiptReader } from './receipt-output.ts';
import { countText, endingText, occurring } from './row-text.ts';
import { type TroubleBlock, troubleBlocks, troublesOf } from './trouble-blocks.ts';

/** GitHub takes no more for one step, and nothing of what is larger. */
const githubBytes = 1024 ** 2;
const limits = { tasks: 1000, linesPerStream: 50, bytesPerTask: 16 * 1024 };
const spareBytes = 200;

interface SummaryOptions {
  readonly readReceipt: ReceiptReader;
  readonly mostBytes: number;
}

/**
 * Appends the summary to the file that GITHUB_STEP_SUMMARY names, as far as there is room for it.
 * Rejects with a system error where it cannot be written.
 */
export async function appendStepSummary(
  path: string,
  summary: BatchSummary,
  readReceipt: ReceiptReader,
): Promise<void> {
  const there = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  const text = await stepSummary(summary, { readReceipt, mostBytes: githubBytes - there });
  if (text !== '') await appendFile(path, text);
}

/** Markdown in which nothing that a task printed means anything; '' where there is no room for it. */
export async function stepSummary(
  summary: BatchSummary,
  { readReceipt, mostBytes }: SummaryOptions,
): Promise<string> {
  const paper = new Paper(mostBytes - spareBytes);
  if (!paper.add(headText(summary))) return '';
  const rows = troublesOf(summary);
  if (rows.length === 0) return paper.text;
  paper.add('\n| task | ending | time | attempts |\n| --- | --- | ---: | ---: |\n');
  const listed = rows.findIndex((row) => !paper.add(rowText(row)));
  if (listed !== -1) return `${paper.text}\nand ${countText(rows.length - listed)} more\n`;
  let told = 0;
  for await (const block of troubleBlocks(summary, readReceipt, limits)) {
    if (!paper.add(detailsText(block))) break;
    told += 1;
  }
  const rest = rows.length - told;
  if (rest === 0) return paper.text;
  return `${paper.text}\nThe output of ${countText(rest)} more is in their receipts\n`;
}

/** Takes text as long as there is room. */
class Paper {
  text = '';
  #room: number;

  constructor(bytes: number) {
    this.#room = bytes;
  }

  add(text: string): boolean {
    const bytes = Buffer.byteLength(text);
    if (bytes > this.#room) return false;
    this.#room -= bytes;
    this.text += text;
    return true;
  }
}

function headText({ name, ending, counts, durationMs, jobs }: BatchSummary): string {
  const head = occurring(counts.byStatus);
  const what = `${countText(counts.total)} tasks in ${elapsedText(durationMs)}, ${jobs} at once`;
  const end = ending === 'completed' ? what : `${what}, ended early: ${ending}`;
  return [
    `### Batch ${markdownText(name)}\n\n${end}\n\n`,
    markdownRow(head.map(({ status }) => status)),
    markdownRow(head.map(() => '---:')),
    markdownRow(head.map(({ count }) => countText(count))),
  ].join('');
}

function rowText(row: BatchRow): string {
  const took = row.durationMs === null ? '' : elapsedText(row.durationMs);
  return markdownRow([
    markdownText(row.id),
    markdownText(endingText(row).slice(0, 300)),
    took,
    String(row.attempts),
  ]);
}

function detailsText({ title, lines }: TroubleBlock): string {
  const summary = `<summary>${markdownText(title)}</summary>`;
  return `\n<details>${summary}\n\n${codeBlock(lines)}\n</details>\n`;
}
