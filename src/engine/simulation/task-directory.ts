import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxFailure } from '../../failure.ts';
import { acquireLock } from '../lock.ts';
import { ownTemporaryDirectory } from '../own-directory.ts';
import { removeTree } from '../remove-tree.ts';

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
