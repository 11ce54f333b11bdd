import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ownTemporaryDirectory } from './own-directory.ts';
import { sweepDirectories } from './owned-directory.ts';

/** Where secrets lie for the moment in which they are mounted: in memory where the system has such a place. */
export async function secretsDirectory(): Promise<string> {
  const memory = await stat(inMemory).catch(() => null);
  const parent = memory?.isDirectory() === true ? inMemory : undefined;
  return join(await ownTemporaryDirectory(parent), 'secrets');
}

/** Removes what runs left that were killed between writing and starting, whichever engine they had. */
export async function sweepSecrets(): Promise<void> {
  await sweepDirectories(await secretsDirectory());
}

const inMemory = '/dev/shm';
