import * as v from 'valibot';
import type { BatchRow } from './batch-summary.ts';
import { readFoundReceipt } from './receipt-file.ts';
import { type Receipt, receiptSchema } from './receipt.ts';

/** Null where it is not there, is no receipt, or another one's. */
export async function readReceipt(path: string, id: string): Promise<Receipt | null> {
  const file = await readFoundReceipt(path);
  if (file.kind !== 'receipt') return null;
  const found = v.safeParse(receiptSchema, file.value);
  return found.success && found.output.id === id ? found.output : null;
}

/** The receipt that a row of a summary names; null where it is not there any more, or another one's. */
export async function readRowReceipt({ receipt: path, id }: BatchRow): Promise<Receipt | null> {
  return path === null ? null : await readReceipt(path, id);
}
