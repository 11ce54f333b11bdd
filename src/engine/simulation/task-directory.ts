import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxFailure, errnoOf } from '../../failure.ts';
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
  const [locks, tasks] = [join(base, 'locks'), join(base, 'tasks')];
  for (const path of [locks, tasks]) await mkdir(path, { mode: 0o700, recursive: true });
  const lock = await acquireLock(join(locks, id));
  if (!lock) {
    throw new SandboxFailure('id-in-use', `a task with the id "${id}" is running already`, {
      hint: 'Wait for it, stop it, or choose another --id.',
    });
  }
  const directory = join(tasks, id);
  const place = { home: join(directory, 'home'), temporary: join(directory, 'tmp') };
  // What a killed predecessor of this id left.
  await removeTree(directory);
  for (const path of [directory, place.home, place.temporary]) await mkdir(path, { mode: 0o700 });
  const remove = async () => {
    await removeTree(directory);
    await lock.release();
  };
  return { ...place, remove };
}

async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) throw error;
    await openTree(path);
    await rm(path, { recursive: true, force: true });
  }
}

/** A task may have taken away the permissions of its own directories. Symlinks are not followed. */
async function openTree(directory: string): Promise<void> {
  await chmod(directory, 0o700);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await openTree(join(directory, entry.name));
  }
}
