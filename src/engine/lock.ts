import { randomBytes } from 'node:crypto';
import { link, lstat, unlink, writeFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { errnoOf } from '../failure.ts';
import { readPlantableFile } from '../spec/regular-file.ts';
import { currentOwner, isDead, parseOwner } from './owner.ts';

/** Held until it is released, or until its process is dead. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes a lock file that names its owner; null while a living process holds it. The file appears with its
 * content (a hard link), and a dead owner's is taken over under a second lock, so that two never win.
 */
export async function acquireLock(path: string): Promise<Lock | null> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, JSON.stringify(currentOwner()), { flag: 'wx', mode: 0o600 });
  try {
    const isOurs = (await tryLink(draft, path)) || (await takeOver(draft, path));
    return isOurs ? { release: () => unlinkIfThere(path) } : null;
  } finally {
    await unlinkIfThere(draft);
  }
}

async function takeOver(draft: string, path: string): Promise<boolean> {
  const guard = `${path}.takeover`;
  if (!(await isAbandoned(path))) return false;
  await removeOldGuard(guard);
  if (!(await tryLink(draft, guard))) return false;
  try {
    // Only the holder of the guard unlinks, so what is read now cannot change hands before it is gone.
    if (!(await isAbandoned(path))) return false;
    await unlinkIfThere(path);
    return await tryLink(draft, path);
  } finally {
    await unlinkIfThere(guard);
  }
}

/** Its owner is dead; or it cannot be read (a power cut leaves empty files) and is older than this boot. */
async function isAbandoned(path: string): Promise<boolean> {
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
