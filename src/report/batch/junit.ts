import type { BatchRow, BatchSummary } from '../../receipt/batch-summary.ts';
import type { Receipt } from '../../receipt/receipt.ts';
import { shellLine } from '../shell-quote.ts';
import { type ReceiptReader, lastLines, outputTails } from './receipt-output.ts';
import { type RowVerdict, endingText, verdictOf } from './row-text.ts';
import { xmlAttributes, xmlText } from './xml.ts';

/** Of both streams of one task together. */
const mostOutputBytes = 64 * 1024;
const mostCommandCharacters = 2000;
const fewLines = 20;

/**
 * The summary as JUnit XML, in chunks: one suite with a case for each task. Readers differ in what they show, so
 * the text of a failure has the last lines that the task printed, too. Characters that XML 1.0 forbids are
 * spelled out.
 */
export async function* junitXml(
  summary: BatchSummary,
  readReceipt: ReceiptReader,
): AsyncGenerator<string> {
  const totals = { name: summary.name, ...countsOf(summary), time: seconds(summary.durationMs) };
  const { skipped, ...whole } = totals;
  yield '<?xml version="1.0" encoding="UTF-8"?>\n';
  yield `<testsuites${xmlAttributes(whole)}>\n`;
  const timestamp = zonelessTimestamp(summary.startedAt);
  yield `  <testsuite${xmlAttributes({ ...whole, skipped, timestamp })}>\n`;
  for (const row of summary.tasks) {
    const needsReceipt = ['failure', 'error'].includes(verdictOf(row));
    yield testcase(summary, row, needsReceipt ? await readReceipt(row) : null);
  }
  yield '  </testsuite>\n</testsuites>\n';
}

function countsOf({ tasks }: BatchSummary) {
  const count = (verdict: RowVerdict) => tasks.filter((row) => verdictOf(row) === verdict).length;
  return {
    tests: tasks.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  };
}

type Tails = ReturnType<typeof outputTails>;

function testcase({ name }: BatchSummary, row: BatchRow, receipt: Receipt | null): string {
  const time = seconds(row.durationMs ?? 0);
  const attributes = xmlAttributes({ name: row.id, classname: name, time });
  const verdict = verdictOf(row);
  const message = endingText(row);
  if (verdict === 'passed') {
    // JUnit has no word for it, and every reader shows what was printed.
    const note = row.reused ? `><system-out>${xmlText(message)}</system-out></testcase>` : '/>';
    return `    <testcase${attributes}${note}\n`;
  }
  if (verdict === 'skipped') {
    const skipped = `<skipped${xmlAttributes({ message })}/>`;
    return `    <testcase${attributes}>${skipped}</testcase>\n`;
  }
  const tails = receipt && outputTails(receipt, mostOutputBytes);
  const text = xmlText(failureText(row, tails));
  return [
    `    <testcase${attributes}>\n`,
    `      <${verdict}${xmlAttributes({ message, type: row.status })}>${text}</${verdict}>\n`,
    outputElements(tails),
    '    </testcase>\n',
  ].join('');
}

function failureText(row: BatchRow, tails: Tails | null): string {
  const command = shellLine(row.command).slice(0, mostCommandCharacters);
  const facts = [endingText(row), `command: ${command}`];
  if (row.attempts > 1) facts.push(`attempts: ${row.attempts}`);
  if (row.receipt !== null) facts.push(`receipt: ${row.receipt}`);
  if (tails === null) return facts.join('\n');
  const { stdout, stderr } = tails;
  const said = stderr.text.trim() === '' ? stdout : stderr;
  return [...facts, '', ...lastLines(said, fewLines)].join('\n');
}

function outputElements(tails: Tails | null): string {
  if (tails === null) return '';
  const { stdout, stderr } = tails;
  const parts = [
    ['system-out', stdout],
    ['system-err', stderr],
  ] as const;
  return parts
    .filter(([, { text }]) => text !== '')
    .map(([name, { text, omittedBytes }]) => {
      const gap = omittedBytes ? `[the first ${omittedBytes} bytes are left out]\n` : '';
      return `      <${name}>${xmlText(gap + text)}</${name}>\n`;
    })
    .join('');
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** The schema of JUnit has no time zone and no fractions; it is UTC. */
function zonelessTimestamp(time: string): string {
  return time.slice(0, 'yyyy-mm-ddThh:mm:ss'.length);
}
