import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxFailure } from '../../failure.ts';
import { acquireLock } from '../lock.ts';
import { ownTemporaryDirectory } from '../own-directory.ts';

/** A task's own temporary place on this host, gone with it. */
export interface TaskDirectory {
  readonly home: string;
  readonly temporary: string;
  remove(): Promise<void>;
}

/** Also what keeps two live tasks from sharing an id, as the container's name does on an engine. */
export async function createTaskDirectory(id: string): Promise<TaskDirectory> {
  const base = await ownTemporaryDirectory();
  const lock = await acquireLock(join(base, `${id}.lock`));
  if (!lock) {
    throw new SandboxFailure('id-in-use', `a task with the id "${id}" is running already`, {
      hint: 'Wait for it, stop it, or choose another --id.',
    });
  }
  const directory = join(base, id);
  const place = { home: join(directory, 'home'), temporary: join(directory, 'tmp') };
  // What a killed predecessor of this id left.
  await rm(directory, { recursive: true, force: true });
  for (const path of [directory, place.home, place.temporary]) await mkdir(path, { mode: 0o700 });
  const remove = async () => {
    await rm(directory, { recursive: true, force: true });
    await lock.release();
  };
  return { ...place, remove };
}
