import { lstat, opendir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Lock, acquireAbandonedLock, isAbandonedLock } from '../engine/lock.ts';

const swept = new Map<string, Promise<void>>();
/** A directory of a hundred thousand receipts must not hold up a task. */
const mostLooked = 20_000;

const lockName = /^(\..+)\.lock$/;
const lockDraftName = /^\..+\.lock\.[0-9a-f]{12}$/;
const draftName = /^(\..+)\.[0-9a-f]{12}\.tmp$/;

/**
 * Removes what killed processes left beside their receipts: locks and drafts of locks whose owner is certainly dead,
 * and drafts of receipts. Those name no owner, but whoever writes one holds the lock of its receipt. Once for each
 * directory; never what is a link or another user's.
 */
export async function sweepDrafts(directory: string): Promise<void> {
  // What cannot be swept now is swept by the next one.
  const sweeping = swept.get(directory) ?? sweep(directory).catch(() => undefined);
  swept.set(directory, sweeping);
  await sweeping;
}

async function sweep(directory: string): Promise<void> {
  const names = await oursIn(directory);
  for (const name of names) {
    const path = join(directory, name);
    if (lockDraftName.test(name) && (await isAbandonedLock(path))) await remove(path);
    const stem = draftName.exec(name)?.[1];
    if (stem !== undefined && !names.includes(`${stem}.lock`) && (await isOld(path))) {
      await remove(path);
    }
    if (!lockName.test(name)) continue;
    const lock = await acquireAbandonedLock(path).catch(() => null);
    if (lock) await removeDraftsOf(lockName.exec(name)?.[1] ?? '', { directory, names, lock });
  }
}

interface Place {
  readonly directory: string;
  readonly names: readonly string[];
  readonly lock: Lock;
}

/** While the lock is held nobody writes such a draft. */
async function removeDraftsOf(stem: string, { directory, names, lock }: Place): Promise<void> {
  const drafts = names.filter((name) => draftName.exec(name)?.[1] === stem);
  for (const name of drafts) await remove(join(directory, name));
  await lock.release();
}

async function oursIn(directory: string): Promise<string[]> {
  const names: string[] = [];
  let looked = 0;
  for await (const { name } of await opendir(directory)) {
    if ((looked += 1) > mostLooked) break;
    const isNamedSo = [lockName, lockDraftName, draftName].some((pattern) => pattern.test(name));
    if (isNamedSo && (await isOwnFile(join(directory, name)))) names.push(name);
  }
  return names;
}

async function isOwnFile(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  return found !== null && found.isFile() && found.uid === (process.getuid?.() ?? found.uid);
}

/** A draft is there for moments, and only while its lock is. */
async function isOld(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > 3_600_000;
}

/** Somebody else may have been quicker. */
async function remove(path: string): Promise<void> {
  await unlink(path).catch(() => undefined);
}
