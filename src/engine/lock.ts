import { link, lstat, unlink, writeFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { errnoOf } from '../failure.ts';
import { readPlantableFile } from '../spec/regular-file.ts';
import { currentOwner, isDead, parseOwner } from './owner.ts';
import { randomName } from '../spec/random-name.ts';

/** Held until it is released, or until its process is dead. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes a lock file that names its owner; null while a living process holds it. The file appears with its
 * content (a hard link), and a dead owner's is taken over under a second lock, so that two never win.
 */
export async function acquireLock(path: string): Promise<Lock | null> {
  const isOurs = await withDraft(
    path,
    async (draft) => (await tryLink(draft, path)) || (await takeOver(draft, path)),
  );
  return isOurs ? lockAt(path) : null;
}

/** The same of one that a dead owner left, and of no other: a lock that is free stays free. */
export async function acquireAbandonedLock(path: string): Promise<Lock | null> {
  if (!(await isAbandonedLock(path))) return null;
  const isOurs = await withDraft(path, async (draft) => await takeOver(draft, path));
  return isOurs ? lockAt(path) : null;
}

function lockAt(path: string): Lock {
  return { release: () => unlinkIfThere(path) };
}

async function withDraft<T>(path: string, work: (draft: string) => Promise<T>): Promise<T> {
  const draft = `${path}.${randomName(6)}`;
  await writeDraft(draft);
  try {
    return await work(draft);
  } finally {
    await unlinkIfThere(draft);
  }
}

/** A full disk takes the name and not the content. */
async function writeDraft(draft: string): Promise<void> {
  try {
    await writeFile(draft, JSON.stringify(currentOwner()), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    throw error;
  }
}

async function takeOver(draft: string, path: string): Promise<boolean> {
  const guard = `${path}.takeover`;
  if (!(await isAbandonedLock(path))) return false;
  await removeOldGuard(guard);
  if (!(await tryLink(draft, guard))) return false;
  try {
    // Only the holder of the guard unlinks, so what is read now cannot change hands before it is gone.
    if (!(await isAbandonedLock(path))) return false;
    await unlinkIfThere(path);
    return await tryLink(draft, path);
  } finally {
    await unlinkIfThere(guard);
  }
}

/** Its owner is dead; or it cannot be read (a power cut leaves empty files) and is older than this boot. */
export async function isAbandonedLock(path: string): Promise<boolean> {
  try {
    const owner = parseOwner(await readPlantableFile(path));
    if (owner !== null) return isDead(owner, currentOwner());
    return Date.now() - (await lstat(path)).mtimeMs > uptime() * 1000;
  } catch {
    return false;
  }
}

/** A guard is held for milliseconds, so one that is a minute old belongs to nobody. */
async function removeOldGuard(guard: string): Promise<void> {
  const found = await lstat(guard).catch(() => null);
  if (found && Date.now() - found.mtimeMs > 60_000) await unlinkIfThere(guard);
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
