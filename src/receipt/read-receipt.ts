import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import * as v from 'valibot';
import { errnoOf } from '../failure.ts';
import type { BatchRow } from './batch-summary.ts';
import { type Receipt, receiptSchema } from './receipt.ts';

/** No receipt of ours is larger: output is kept in part, and lists of files are, too. */
export const mostReceiptBytes = 256 * 1024 ** 2;

/** The value in a JSON file; null where it is no file, no JSON or too large to be a receipt, undefined where none is there. */
export async function readReceiptJson(path: string): Promise<unknown> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(errnoOf);
  if (file === 'ENOENT') return undefined;
  if (file === null || typeof file === 'string') return null;
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size > mostReceiptBytes) return null;
    return JSON.parse(await file.readFile('utf8')) as unknown;
  } catch {
    return null;
  } finally {
    await file.close();
  }
}

/** Null where it is not there, is no receipt, or another one's. */
export async function readReceipt(path: string, id: string): Promise<Receipt | null> {
  const found = v.safeParse(receiptSchema, await readReceiptJson(path));
  return found.success && found.output.id === id ? found.output : null;
}

/** The receipt that a row of a summary names; null where it is not there any more, or another one's. */
export async function readRowReceipt({ receipt: path, id }: BatchRow): Promise<Receipt | null> {
  return path === null ? null : await readReceipt(path, id);
}
