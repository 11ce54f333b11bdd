import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../failure.ts';
import { readPlantableFile } from '../spec/regular-file.ts';
import type { Leftover } from './engine.ts';
import { acquireAbandonedLock } from './lock.ts';
import { currentOwner, isDead, parseOwner } from './owner.ts';

/** Files of one kind in a directory. */
export interface FileShape {
  readonly name: RegExp;
  /**
   * `owner`: it says who made it, and what does not is not ours. `lock`: the same, and whoever finds it may take it
   * over. `age`: it is written in one go, so that one that is a minute old was never finished; an owner in it counts.
   */
  readonly judgedBy: 'owner' | 'lock' | 'age';
}

/** Files that processes left which were killed. Everyone may be able to write there: what is not of this user stays. */
export async function abandonedFiles(directory: string, shape: FileShape): Promise<Leftover[]> {
  const names = (await namesIn(directory)).filter((name) => shape.name.test(name));
  const found = names.map((name) => abandonedFile(join(directory, name), shape.judgedBy));
  return (await Promise.all(found)).filter((one) => one !== null);
}

export async function namesIn(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(() => [])).sort();
}

/** One of them; null where it is in use, another user's, or not of that kind. */
export async function abandonedFile(
  path: string,
  judgedBy: FileShape['judgedBy'],
): Promise<Leftover | null> {
  const reason = await whyAbandoned(path, judgedBy).catch(() => null);
  if (reason === null) return null;
  const remove = judgedBy === 'lock' ? () => releaseLock(path) : () => unlinkIfThere(path);
  return { kind: 'file', name: path, reason, remove };
}

async function whyAbandoned(path: string, judgedBy: FileShape['judgedBy']): Promise<string | null> {
  const found = await lstat(path);
  if (!found.isFile() || found.uid !== (process.getuid?.() ?? found.uid)) return null;
  const owner = parseOwner(await readPlantableFile(path).catch(() => undefined));
  if (owner !== null) return isDead(owner, currentOwner()) ? deadOwner : null;
  return judgedBy === 'age' && Date.now() - found.mtimeMs > finishedMs ? neverFinished : null;
}

/** Of whatever names its owner. */
export const deadOwner = 'its sandbox is dead';
const neverFinished = 'it was never finished';

/** Whoever writes one needs milliseconds. */
const finishedMs = 60_000;

async function releaseLock(path: string): Promise<void> {
  await (await acquireAbandonedLock(path))?.release();
}

/** Somebody else may have been quicker. */
export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
