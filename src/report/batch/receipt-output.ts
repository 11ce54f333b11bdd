import type { EncodedBytes } from '../../outcome/output.ts';
import type { BatchRow } from '../../receipt/batch-summary.ts';
import type { Receipt } from '../../receipt/receipt.ts';

/**
 * Finds the receipt of a task of a batch; null where it has none, or it cannot be read any more. Those who write
 * reports ask for one at a time, so that their memory does not grow with the batch.
 */
export type ReceiptReader = (row: BatchRow) => Promise<Receipt | null>;

type Output = Receipt['stdout'];

export interface OutputTail {
  /** What the task printed last; bytes that are not UTF-8 are U+FFFD. Hostile. */
  readonly text: string;
  /** How much came before it; null where it is not known. */
  readonly omittedBytes: number | null;
}

/** The last bytes of a stream, from the start of a character on. */
function outputTail(output: Output, mostBytes: number): OutputTail {
  const kept = lastBytes(output.tail ?? output, mostBytes);
  let start = Math.max(0, kept.length - mostBytes);
  while (start > 0 && isContinuation(kept[start])) start += 1;
  const shown = kept.subarray(start);
  const omittedBytes = output.bytes === null ? null : Math.max(0, output.bytes - shown.length);
  return { text: shown.toString('utf8'), omittedBytes };
}

/** Both streams in so many bytes together: one that needs less than its half leaves the rest to the other. */
export function outputTails({ stdout, stderr }: Receipt, mostBytes: number) {
  const half = Math.floor(mostBytes / 2);
  const sizes = { stdout: sizeOf(stdout), stderr: sizeOf(stderr) };
  return {
    stdout: outputTail(stdout, Math.max(half, mostBytes - sizes.stderr)),
    stderr: outputTail(stderr, Math.max(half, mostBytes - sizes.stdout)),
  };
}

/** The first line that is not blank, without the blanks around it; '' where there is none. Hostile. */
export function firstLine(output: Output): string {
  const { text, base64 } = output;
  const start =
    text?.slice(0, 4096) ?? Buffer.from((base64 ?? '').slice(0, 4096), 'base64').toString();
  const line = start.split(/[\r\n]+/).find((text) => text.trim() !== '') ?? '';
  return line.trim().slice(0, 300);
}

/** Hostile, each of them. */
export function lastLines({ text }: OutputTail, most: number): string[] {
  const lines = text.split(/\r?\n/);
  while (lines.at(-1) === '') lines.pop();
  return lines.slice(-most);
}

function sizeOf(output: Output): number {
  const { text, base64 } = output.tail ?? output;
  return text === null ? Buffer.byteLength(base64 ?? '', 'base64') : Buffer.byteLength(text);
}

/** At least so many, where there are so many: no more of a long text than that is made into bytes. */
function lastBytes({ text, base64 }: EncodedBytes, mostBytes: number): Buffer {
  if (text === null) return Buffer.from(base64 ?? '', 'base64');
  return Buffer.from(text.length > mostBytes ? text.slice(-mostBytes) : text);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
