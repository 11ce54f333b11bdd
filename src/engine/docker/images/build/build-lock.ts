import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { readPlantableFile } from '../../../../spec/regular-file.ts';
import { type Lock, acquireLock } from '../../../lock.ts';
import { ownSharedDirectory } from '../../../own-directory.ts';
import { currentOwner, isDead, parseOwner } from '../../../owner.ts';
import type { DockerApi } from '../../docker-api.ts';
import { sha256 } from '../../../../spec/sha256.ts';

/** Nobody tells the others when a builder is killed, so they look. */
const lookAgainMs = 200;

interface Waiting {
  readonly cancel: AbortSignal;
  /** Called once, where somebody else holds it. */
  readonly onWait: () => void;
}

/** Held by whoever builds an image of that name; one that belonged to a dead builder is taken over. */
export async function buildLock(
  api: DockerApi,
  reference: string,
  { cancel, onWait }: Waiting,
): Promise<Lock> {
  const name = `${await engineKey(api, cancel)}-${digest(reference)}.lock`;
  const path = join(await ownSharedDirectory('builds'), name);
  for (let isFirst = true; ; isFirst = false) {
    cancel.throwIfAborted();
    const lock = await acquireLock(path);
    if (lock) return lock;
    if (isFirst) onWait();
    await delay(lookAgainMs);
  }
}

/** How many builds this user has under way on the engine. */
export async function buildsUnderWay(api: DockerApi, cancel: AbortSignal): Promise<number> {
  const [directory, key] = [await ownSharedDirectory('builds'), await engineKey(api, cancel)];
  const isLock = (name: string) => name.startsWith(`${key}-`) && name.endsWith('.lock');
  const names = (await readdir(directory)).filter(isLock);
  const held = await Promise.all(names.map((name) => isHeld(join(directory, name))));
  return held.filter(Boolean).length;
}

/** What cannot be read may be held. */
async function isHeld(path: string): Promise<boolean> {
  const text = await readPlantableFile(path).catch(() => null);
  const owner = text === null ? null : parseOwner(text);
  return owner === null || !isDead(owner, currentOwner());
}

/**
 * The same by whatever address the engine is reached: its machine and its data directory. Podman makes up another `ID`
 * for each answer. Where two engines have one key their builds wait for each other, and nothing worse.
 */
async function engineKey(api: DockerApi, cancel: AbortSignal): Promise<string> {
  const { Name, DockerRootDir } = v.parse(identitySchema, await api.get('/info', cancel));
  return digest(`${Name} ${DockerRootDir}`);
}

const identitySchema = v.object({ Name: v.string(), DockerRootDir: v.string() });

function digest(text: string): string {
  return sha256().update(text).digest('hex').slice(0, 32);
}
