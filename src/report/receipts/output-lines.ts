import type { EncodedBytes } from '../../outcome/output.ts';
import type { Receipt } from '../../receipt/receipt.ts';
import { cutLine } from '../content-lines.ts';
import { printable } from '../terminal.ts';

type Output = Receipt['stdout'];

const mostLines = 20;
const rest = (count: number) => (count === 1 ? '1 more line' : `${count} more lines`);

/** The recorded bytes of a stream, in their order; what was left out lies between the two. */
export function recordedBytes(output: Output): readonly Buffer[] {
  return [output, ...(output.tail === null ? [] : [output.tail])].map(bytesOf);
}

/** What a stream held, under a heading. */
export function streamText(name: string, output: Output): string {
  const lines = outputLines(output);
  const size = output.bytes === null ? 'size not known' : `${output.bytes} bytes`;
  const notes = [
    lines.length === 0 ? 'nothing' : size,
    ...(output.redactions > 0 ? [`${output.redactions} secrets replaced`] : []),
    ...(output.base64 !== null || output.tail?.base64 ? ['not all of it is UTF-8'] : []),
  ];
  return `\n${[`${name}: ${notes.join(', ')}`, ...lines].join('\n')}\n`;
}

/** The first and the last lines of a stream, each fit to print. */
function outputLines(output: Output): string[] {
  const [first = [], last] = recordedBytes(output).map(linesOf);
  const shown = last === undefined ? bothEnds(first) : cutApart(first, last, output.omittedBytes);
  return shown.map((line) =>
    typeof line === 'string' ? `| ${printable(cutLine(line))}` : line[0],
  );
}

/** A line of the output, or one of our own. */
type Line = string | readonly [string];

function bothEnds(lines: readonly string[]): Line[] {
  const hidden = lines.length - 2 * mostLines;
  if (hidden <= 0) return [...lines];
  return [...lines.slice(0, mostLines), [`… ${rest(hidden)} …`], ...lines.slice(-mostLines)];
}

/** Where the receipt does not have the middle. */
function cutApart(
  first: readonly string[],
  last: readonly string[],
  omittedBytes: number | null,
): Line[] {
  const amount = omittedBytes === null ? 'what came between' : `${omittedBytes} bytes`;
  const hidden = [first, last].map((lines) => Math.max(0, lines.length - mostLines));
  const lines = hidden.reduce((sum, count) => sum + count, 0);
  const besides = lines > 0 ? `${rest(lines)}, and ` : '';
  return [
    ...first.slice(0, mostLines),
    [`… ${besides}${amount} that the receipt does not have …`],
    ...last.slice(-mostLines),
  ];
}

/** Bytes that are not UTF-8 are U+FFFD. */
function linesOf(bytes: Buffer): string[] {
  if (bytes.length === 0) return [];
  return bytes
    .toString('utf8')
    .replace(/\r?\n$/, '')
    .split(/\r?\n/);
}

function bytesOf({ text, base64 }: EncodedBytes): Buffer {
  return text === null ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(text);
}

/** The same bytes for a terminal, which must not obey them: line breaks and tabs stay. */
export function harmless(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/\r$/, '').split('\t').map(printable).join('\t'))
    .join('\n');
}
