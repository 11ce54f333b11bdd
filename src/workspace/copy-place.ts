import { lstat, mkdir, rename, rmdir, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { deadOwner } from '../engine/abandoned-files.ts';
import type { Leftover } from '../engine/engine.ts';
import { acquireLock, isAbandonedLock } from '../engine/lock.ts';
import { removeTree } from '../engine/remove-tree.ts';
import { SandboxFailure, errnoOf } from '../failure.ts';
import { randomName } from '../spec/random-name.ts';

/** Where the copy of a workspace lies: beside the receipt, in a directory that only we can enter. */
export class CopyPlace {
  readonly #receiptPath: string;
  readonly #directory: string;

  private constructor(receiptPath: string) {
    this.#receiptPath = receiptPath;
    this.#directory = copyDirectory(receiptPath);
  }

  /** What a killed predecessor left at the same place is removed: whoever calls this holds the receipt's lock. */
  static async make(receiptPath: string): Promise<CopyPlace> {
    const place = new CopyPlace(receiptPath);
    await makeRoom(place.#directory);
    await mkdir(place.#directory, { mode: 0o700 });
    await writeFile(join(place.#directory, marker), markerText, { flag: 'wx', mode: 0o600 });
    await mkdir(place.path, { mode: 0o700 });
    return place;
  }

  /** The directory that the task is to see. */
  get path(): string {
    return join(this.#directory, 'workspace');
  }

  async remove(): Promise<void> {
    await removeCopy(this.#directory);
  }

  /** Moves the copy to where no later run removes it; answers where it is then. */
  async keep(): Promise<string> {
    const name = `${basename(this.#receiptPath).replace(/\.json$/, '')}.copy`;
    const stem = join(dirname(this.#receiptPath), name);
    for (let number = 1; ; number += 1) {
      const kept = number === 1 ? stem : `${stem}-${number}`;
      if (await isThere(kept)) continue;
      await rename(this.#directory, kept);
      await unlink(join(kept, marker));
      return join(kept, 'workspace');
    }
  }
}

/** The copy of a workspace that a killed run left in a directory of receipts; null where it is none. */
export async function copyLeftover(directory: string, name: string): Promise<Leftover | null> {
  const path = join(directory, name);
  const leftover = { kind: 'directory', name: path, reason: deadOwner } as const;
  if (doomedName.test(name)) {
    return (await isOurs(path)) ? { ...leftover, remove: () => removeCopy(path) } : null;
  }
  const lock = join(directory, `.${copyName.exec(name)?.[1] ?? ''}.lock`);
  if (!copyName.test(name) || !(await isOurs(path)) || (await isHeld(lock))) return null;
  return { ...leftover, remove: () => removeUnlocked(path, lock) };
}

async function isHeld(lock: string): Promise<boolean> {
  return (await isThere(lock)) && !(await isAbandonedLock(lock));
}

async function removeUnlocked(path: string, lock: string): Promise<void> {
  const doomed = await doom(path, lock);
  if (doomed !== null) await removeCopy(doomed);
}

/** The lock is held for a moment only, so that a run of the same name need not wait for the removal. */
async function doom(path: string, lockPath: string): Promise<string | null> {
  const lock = await acquireLock(lockPath);
  if (!lock) return null;
  const doomed = `${path}.${randomName(6)}`;
  try {
    await rename(path, doomed);
    return doomed;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  } finally {
    await lock.release();
  }
}

/** Receipts may lie among other files with such names: only what has this in it was made by us. */
const marker = 'made-by-sandbox';
const markerText = 'The copy of a workspace. Once its run is over it may be removed.\n';

const copyName = /^\.(.+)\.copy$/;
const doomedName = /^\..+\.copy\.[0-9a-f]{12}$/;

async function isOurs(path: string): Promise<boolean> {
  const [directory, mark] = await Promise.all([path, join(path, marker)].map(found));
  return directory?.isDirectory() === true && mark?.isFile() === true;
}

/** The marker goes last, so that a removal that is interrupted is taken up again. */
async function removeCopy(path: string): Promise<void> {
  await removeTree(join(path, 'workspace'));
  await removeTree(path);
}

async function makeRoom(path: string): Promise<void> {
  if (await isOurs(path)) {
    await removeCopy(path);
    return;
  }
  try {
    // A run that was killed before it could put the marker in.
    await rmdir(path);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return;
    const message = `the place of the copy is taken: ${path}`;
    const hint = 'It was not made by sandbox. Remove it, or choose another --receipt.';
    throw new SandboxFailure('workspace-not-copied', message, { hint, cause });
  }
}

function copyDirectory(receiptPath: string): string {
  return join(dirname(receiptPath), `.${basename(receiptPath)}.copy`);
}

async function found(path: string) {
  return await lstat(path).catch(() => null);
}

async function isThere(path: string): Promise<boolean> {
  return (await found(path)) !== null;
}
