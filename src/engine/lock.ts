import { randomBytes } from 'node:crypto';
import { link, unlink, writeFile } from 'node:fs/promises';
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
  if (!(await hasDeadOwner(path)) || !(await tryLink(draft, guard))) return false;
  try {
    // Only the holder of the guard unlinks, so what is read now cannot change hands before it is gone.
    if (!(await hasDeadOwner(path))) return false;
    await unlinkIfThere(path);
    return await tryLink(draft, path);
  } finally {
    await unlinkIfThere(guard);
  }
}

async function hasDeadOwner(path: string): Promise<boolean> {
  try {
    const owner = parseOwner(await readPlantableFile(path));
    return owner !== null && isDead(owner, currentOwner());
  } catch {
    return false;
  }
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
