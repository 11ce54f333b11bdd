import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { chooseId } from '../spec/choose-id.ts';
import { isOfBatch, listReceipts, receiptNames, stemOf } from './receipt-listing.ts';

/** Whether the caller means a file, and not the id of a task. */
export async function isReceiptPath(word: string, cwd: string): Promise<boolean> {
  if (word.includes('/')) return true;
  if (!word.endsWith('.json')) return false;
  return await stat(resolve(cwd, word)).then(
    (found) => !found.isDirectory(),
    () => false,
  );
}

/** Where receipts are looked for. */
export interface ReceiptShelf {
  readonly directory: string;
  /** Where nobody named it: before the first run there is none. */
  readonly mayBeMissing: boolean;
}

/**
 * The path of the receipt of a task, whose id may be shortened. By the names of the files, which are ids unless
 * somebody chose otherwise; else by what stands in them.
 */
export async function findReceipt(
  word: string,
  { directory, mayBeMissing }: ReceiptShelf,
): Promise<string> {
  const all = (await receiptNames(directory, mayBeMissing)).map(stemOf);
  // Who means the summary of a batch spells it out, and is told what it is.
  const stems = all.filter((stem) => stem === word || !isOfBatch(stem));
  const choice = {
    place: `a receipt in ${directory}`,
    none: `There is no receipt in ${directory}.`,
    code: 'receipt-not-found',
  } as const;
  if (word !== '' && stems.some((stem) => stem.startsWith(word))) {
    return join(directory, `${chooseId(word, { ids: stems, ...choice })}.json`);
  }
  const { rows } = await listReceipts(directory, { isWanted: () => true, mayBeMissing });
  const id = chooseId(word, { ids: rows.map((row) => row.id).reverse(), ...choice });
  const row = rows.find((candidate) => candidate.id === id);
  if (!row) throw new Error('an id that no row has');
  return row.path;
}
