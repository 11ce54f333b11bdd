import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readPlantableFile } from '../../../../spec/regular-file.ts';
import { type Lock, acquireLock } from '../../../lock.ts';
import { ownTemporaryDirectory } from '../../../own-directory.ts';
import { currentOwner, isDead, parseOwner } from '../../../owner.ts';

/** Nobody tells the others when a builder is killed, so they look. */
const lookAgainMs = 200;

interface Waiting {
  readonly cancel: AbortSignal;
  /** Called once, where somebody else holds it. */
  readonly onWait: () => void;
}

/** Held by whoever builds an image on this host; one that belonged to a dead builder is taken over. */
export async function buildLock(key: string, { cancel, onWait }: Waiting): Promise<Lock> {
  const path = await lockPath(key);
  for (let isFirst = true; ; isFirst = false) {
    cancel.throwIfAborted();
    const lock = await acquireLock(path);
    if (lock) return lock;
    if (isFirst) onWait();
    await delay(lookAgainMs);
  }
}

/** How many builds this user has under way on this host. */
export async function buildsUnderWay(): Promise<number> {
  const directory = await lockDirectory();
  const names = (await readdir(directory)).filter((name) => name.endsWith('.lock'));
  const held = await Promise.all(names.map((name) => isHeld(join(directory, name))));
  return held.filter(Boolean).length;
}

/** What cannot be read may be held. */
async function isHeld(path: string): Promise<boolean> {
  const text = await readPlantableFile(path).catch(() => null);
  const owner = text === null ? null : parseOwner(text);
  return owner === null || !isDead(owner, currentOwner());
}

async function lockPath(key: string): Promise<string> {
  const name = createHash('sha256').update(key).digest('hex').slice(0, 32);
  return join(await lockDirectory(), `${name}.lock`);
}

async function lockDirectory(): Promise<string> {
  const directory = join(await ownTemporaryDirectory(), 'builds');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return directory;
}
