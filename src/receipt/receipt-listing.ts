import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxFailure, errnoOf } from '../failure.ts';
import { notFollowed } from '../spec/regular-file.ts';
import { whyUnreadable } from '../spec/unreadable.ts';
import { readFoundReceipt } from './receipt-file.ts';
import type { ReceiptGlance } from './receipt-glance.ts';

export interface ReceiptRow extends ReceiptGlance {
  readonly path: string;
  /** When the file was last changed, which for a receipt is when it was written. */
  readonly writtenAt: string | null;
}

/** What a directory of receipts holds. */
export interface ReceiptListing {
  readonly directory: string;
  /** Those that were asked for, the newest first. */
  readonly rows: readonly ReceiptRow[];
  /** Names of files. */
  readonly batchSummaries: readonly string[];
  readonly foreign: readonly string[];
  readonly unreadable: readonly { readonly name: string; readonly reason: string }[];
}

const ending = '.json';

/**
 * Reads one file after the other and keeps a row of each, so that memory does not grow with what receipts hold.
 * A directory that does not exist holds nothing where `mayBeMissing`.
 */
export async function listReceipts(
  directory: string,
  { isWanted, mayBeMissing }: { isWanted: (row: ReceiptRow) => boolean; mayBeMissing: boolean },
): Promise<ReceiptListing> {
  const rows: ReceiptRow[] = [];
  const batchSummaries: string[] = [];
  const foreign: string[] = [];
  const unreadable: { name: string; reason: string }[] = [];
  for (const name of await receiptNames(directory, mayBeMissing)) {
    const path = join(directory, name);
    const file = await readFoundReceipt(path);
    if (file.kind === 'batch-summary') batchSummaries.push(name);
    if (file.kind === 'foreign') foreign.push(name);
    if (file.kind === 'unreadable') unreadable.push({ name, reason: file.reason });
    if (file.kind !== 'receipt') continue;
    const row = { ...file.glance, path, writtenAt: await changedAt(path) };
    if (isWanted(row)) rows.push(row);
  }
  rows.sort((a, b) => timeOf(b) - timeOf(a) || (a.id < b.id ? 1 : -1));
  return { directory, rows, batchSummaries, foreign, unreadable };
}

/** Names of files that may be receipts, in a stable order; drafts and locks begin with a dot. */
export async function receiptNames(directory: string, mayBeMissing: boolean): Promise<string[]> {
  try {
    const names = await readdir(directory);
    return names.filter((name) => name.endsWith(ending) && !name.startsWith('.')).sort();
  } catch (error) {
    const isMissing = errnoOf(error) === 'ENOENT';
    if (isMissing && mayBeMissing) return [];
    const reason = isMissing ? 'there is none' : whyNoDirectory(error);
    const message = `expected a directory of receipts at ${directory}: ${reason}`;
    throw new SandboxFailure('receipt-not-found', message, { cause: error });
  }
}

/** What a receipt is called without its ending: the id of its task, unless the caller chose another name. */
export function stemOf(name: string): string {
  return name.slice(0, -ending.length);
}

/** Whether such a file is the summary of a batch. */
export function isOfBatch(stem: string): boolean {
  return stem.endsWith('.batch');
}

/** When it was: of a task that never started, when its receipt was written. In milliseconds since 1970. */
export function timeOf({ startedAt, writtenAt }: ReceiptRow): number {
  const time = startedAt ?? writtenAt;
  return time === null ? 0 : Date.parse(time);
}

async function changedAt(path: string): Promise<string | null> {
  return await lstat(path).then(
    ({ mtime }) => mtime.toISOString(),
    () => null,
  );
}

function whyNoDirectory(error: unknown): string {
  return whyUnreadable(error, { ...notFollowed, ENOTDIR: 'it is not a directory' });
}
