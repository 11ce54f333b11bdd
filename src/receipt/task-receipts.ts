import { join } from 'node:path';
import type { AskedPlace } from '../spec/receipt-path.ts';
import { taskIdPattern } from '../spec/task-id.ts';
import { readFoundReceipt } from './receipt-file.ts';
import { isOfBatch, receiptNames, stemOf } from './receipt-listing.ts';

/** The receipts of tasks whose runs had the same settings: a directory of them, or one of its own. */
export interface TaskReceipts {
  readonly place: string;
  ids(): Promise<readonly string[]>;
  pathOf(id: string): string;
}

export function taskReceipts({ path, isDirectory }: AskedPlace): TaskReceipts {
  return {
    place: path,
    ids: async () => await (isDirectory ? idsIn(path) : idIn(path)),
    pathOf: (id) => (isDirectory ? join(path, `${id}.json`) : path),
  };
}

/** None where the directory cannot be read: a task that runs is known without it. */
async function idsIn(directory: string): Promise<string[]> {
  const stems = (await receiptNames(directory, true).catch(() => [])).map(stemOf);
  return stems.filter((stem) => taskIdPattern.test(stem) && !isOfBatch(stem));
}

async function idIn(path: string): Promise<string[]> {
  const file = await readFoundReceipt(path);
  return file.kind === 'receipt' ? [file.glance.id] : [];
}
