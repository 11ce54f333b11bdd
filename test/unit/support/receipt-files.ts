import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { composeReceipt } from '../../../src/receipt/compose-receipt.ts';
import type { Receipt } from '../../../src/receipt/receipt.ts';
import { taskRecord } from './task-record.ts';

export type ReceiptChanges = Partial<Omit<Receipt, 'timing'>> & {
  readonly timing?: Partial<Receipt['timing']>;
};

/** The receipt of a task that passed, but for what the test changes. */
export function receiptOf(id: string, { timing, ...changes }: ReceiptChanges = {}): Receipt {
  const made = JSON.parse(JSON.stringify(composeReceipt(taskRecord()))) as Receipt;
  return { ...made, id, ...changes, timing: { ...made.timing, ...timing } };
}

/** Writes one as the program does, and returns its path. */
export async function putReceipt(directory: string, receipt: Receipt): Promise<string> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, `${receipt.id}.json`);
  await writeFile(path, `${JSON.stringify(receipt, null, 2)}\n`);
  return path;
}
