import { errnoOf } from '../failure.ts';
import { readCallersFile } from '../spec/caller-file.ts';
import { holdsMore } from '../spec/json-size.ts';
import { JsonError, parseJsonText } from '../spec/json-text.ts';
import { notFollowed, readPlantableBytes } from '../spec/regular-file.ts';
import { whyUnreadable } from '../spec/unreadable.ts';
import { batchSummarySchemaId } from './batch-summary.ts';
import { type ReceiptGlance, glanceOf, receiptFamily } from './receipt-glance.ts';

/** What a file among receipts turned out to be. */
export type ReceiptFile =
  | {
      readonly kind: 'receipt';
      readonly glance: ReceiptGlance;
      readonly value: unknown;
      /** As it lies there. */
      readonly text: string;
    }
  | { readonly kind: 'batch-summary' }
  /** It does not say that it is ours: other JSON, or more of something than is looked at. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'missing' }
  /** It may have been a receipt, and cannot be read as one; why, in words. */
  | { readonly kind: 'unreadable'; readonly reason: string };

/** No receipt of ours is larger: output is kept in part, and lists of files are, too. */
const mostReceiptBytes = 256 * 1024 ** 2;

/** One that was found in a directory: never through a symlink, never waiting on a FIFO. */
export async function readFoundReceipt(path: string): Promise<ReceiptFile> {
  return await readBy(() => readPlantableBytes(path, mostReceiptBytes));
}

/** One that the caller named, which may be a pipe. */
export async function readNamedReceipt(path: string): Promise<ReceiptFile> {
  return await readBy(async () => {
    const bytes = await readCallersFile(path, { mostBytes: mostReceiptBytes });
    if (bytes.length <= mostReceiptBytes) return bytes;
    throw new Error(`it is larger than ${mostReceiptBytes / 1024 ** 2} MiB`);
  });
}

async function readBy(read: () => Promise<Buffer>): Promise<ReceiptFile> {
  try {
    return classified(await read());
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { kind: 'missing' };
    const reason = whyUnreadable(error, notFollowed);
    return { kind: 'unreadable', reason };
  }
}

/** A command has fewer words, and every list of ours is cut before. */
const mostValues = 1_000_000;
/** As the writer puts it first, and as it stays where others lay it out anew. */
const ourBeginning = new RegExp(`^\\s*\\{\\s*"schema"\\s*:\\s*"${receiptFamily}`);

function classified(bytes: Buffer): ReceiptFile {
  if (holdsMore(bytes, mostValues)) {
    const isOurs = ourBeginning.test(bytes.subarray(0, 1024).toString('latin1'));
    const reason = `it holds more than ${mostValues / 1e6} million values, and no receipt does`;
    return isOurs ? { kind: 'unreadable', reason } : { kind: 'foreign' };
  }
  const { text, value, wrong } = jsonOf(bytes);
  if (wrong !== null) return { kind: 'unreadable', reason: `it is not JSON (${wrong})` };
  const schema = schemaOf(value);
  if (schema === batchSummarySchemaId) return { kind: 'batch-summary' };
  if (!schema.startsWith(receiptFamily)) return { kind: 'foreign' };
  const seen = glanceOf(value);
  if ('glance' in seen) return { kind: 'receipt', glance: seen.glance, value, text };
  const reason = `it is of version ${schema.slice(receiptFamily.length)}, and has no "${seen.wrong}" that is known here`;
  return { kind: 'unreadable', reason };
}

function jsonOf(bytes: Buffer): { text: string; value: unknown; wrong: string | null } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { text, value: JSON.parse(text), wrong: null };
  } catch {
    return { text: '', value: null, wrong: whereBroken(bytes) };
  }
}

/** In our own words: those of JSON.parse would hold a part of the file. */
function whereBroken(bytes: Buffer): string {
  if (bytes.length === 0) return 'it is empty';
  try {
    parseJsonText(bytes);
    return 'where is not known';
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return error.message;
  }
}

function schemaOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('schema' in value)) return '';
  return typeof value.schema === 'string' ? value.schema : '';
}
