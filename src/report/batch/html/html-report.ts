import type { BatchRow, BatchSummary } from '../../../receipt/batch-summary.ts';
import { shellLine } from '../../shell-quote.ts';
import type { ReceiptReader } from '../receipt-output.ts';
import { verdictOf } from '../row-text.ts';
import { detailOf } from './detail-of.ts';
import { type PageData, type PageDetail, type PageRow, dataId, detailId } from './page-data.ts';
import { text as style } from './page/page.css?inlined';
import { text as script } from './page/page.ts?inlined';
import { skeleton } from './skeleton.ts';
import { sha256 } from '../../../spec/sha256.ts';

/** What the details of all tasks may take in the page. */
const mostDetailBytes = 20 * 1024 ** 2;
const mostCommandCharacters = 2000;

/**
 * The batch as one page that needs nothing else, in chunks. What tasks printed stands in it as JSON only, and the
 * page's own script shows it as text only. At most one receipt is in memory.
 */
export async function* htmlReport(
  summary: BatchSummary,
  readReceipt: ReceiptReader,
): AsyncGenerator<string> {
  yield head(summary.name);
  yield skeleton;
  yield dataBlock(dataId, pageData(summary));
  // Before the details, so that a large page can be used while it loads.
  yield `<script>${script}</script>\n`;
  let room = mostDetailBytes;
  for (const row of summary.tasks.filter(hasDetail)) {
    const receipt = await readReceipt(row);
    if (receipt === null) continue;
    const block = fitting(row, detailOf(receipt), room);
    room -= Buffer.byteLength(block);
    yield block;
  }
  yield '</body>\n</html>\n';
}

function hasDetail(row: BatchRow): boolean {
  return verdictOf(row) !== 'passed' && row.receipt !== null;
}

/** Without the output where there is no room for it, and without anything where there is none for the rest. */
function fitting({ index }: BatchRow, detail: PageDetail, room: number): string {
  const blocks = [detail, { ...detail, output: null }].map((some) =>
    dataBlock(detailId(index), some),
  );
  return blocks.find((block) => Buffer.byteLength(block) <= room) ?? '';
}

/** The hashes let the page's own script and style pass, and nothing that somebody might get into it. */
function head(name: string): string {
  const policy = [
    "default-src 'none'",
    `script-src '${sourceHash(script)}'`,
    `style-src '${sourceHash(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="referrer" content="no-referrer">',
    '<link rel="icon" href="data:,">',
    `<title>${escaped(name)} · sandbox batch</title>`,
    `<style>${style}</style>`,
    '</head>',
    '',
  ].join('\n');
}

function pageData(summary: BatchSummary): PageData {
  const { name, file, ending, exitCode, startedAt, durationMs, jobs, counts, tool } = summary;
  const startedMs = Date.parse(startedAt);
  return {
    ...{ name, file, ending, exitCode, startedAt, durationMs, jobs, counts },
    tool: `${tool.name} ${tool.version}`,
    rows: summary.tasks.map((row) => pageRow(row, startedMs)),
  };
}

function pageRow(row: BatchRow, startedMs: number): PageRow {
  const { index, line, id, status, exitCode, attempts, reused, slot, durationMs } = row;
  return {
    ...{ index, line, id, status, exitCode, attempts, reused, slot, durationMs },
    command: shellLine(row.command).slice(0, mostCommandCharacters),
    // One of an earlier batch has no place in the time of this one.
    startMs: row.startedAt === null || reused ? null : Date.parse(row.startedAt) - startedMs,
    reason: row.reason?.slice(0, mostCommandCharacters) ?? null,
    receipt: row.receipt,
  };
}

/** JSON in which no `<` can end or open an element, and no line separator a line. */
function dataBlock(id: string, value: PageData | PageDetail): string {
  const json = JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
  return `<script type="application/json" id="${id}">${json}</script>\n`;
}

function sourceHash(text: string): string {
  return `sha256-${sha256().update(text).digest('base64')}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
