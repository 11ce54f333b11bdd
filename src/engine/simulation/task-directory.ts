import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../../failure.ts';
import { deadOwner, namesIn } from '../abandoned-files.ts';
import type { Leftover } from '../engine.ts';
import { idInUse } from '../id-in-use.ts';
import { type Lock, acquireAbandonedLock, acquireLock, isAbandonedLock } from '../lock.ts';
import { ownSubdirectory, ownTemporaryDirectory } from '../own-directory.ts';
import { removeTree } from '../remove-tree.ts';
import { randomName } from '../../spec/random-name.ts';

/** A task's own temporary place on this host, gone with it. */
export interface TaskDirectory {
  readonly home: string;
  readonly temporary: string;
  remove(): Promise<void>;
}

/** Also what keeps two live tasks from sharing an id, as the container's name does on an engine. */
export async function createTaskDirectory(id: string): Promise<TaskDirectory> {
  const { locks, tasks } = await ownPlaces();
  const lock = await acquireId(join(locks, id));
  if (!lock) throw idInUse(id);
  const directory = join(tasks, id);
  const place = { home: join(directory, 'home'), temporary: join(directory, 'tmp') };
  // What a killed predecessor of this id left.
  await removeTree(directory);
  await mkdir(directory, { mode: 0o700 });
  await Promise.all([place.home, place.temporary].map((path) => mkdir(path, { mode: 0o700 })));
  const remove = async () => {
    await removeTree(directory);
    await lock.release();
  };
  return { ...place, remove };
}

/** What killed runs left, whatever their id was. */
export async function abandonedTasks(): Promise<Leftover[]> {
  const places = await ownPlaces();
  const [ids, swept] = await Promise.all([namesIn(places.locks), namesIn(places.swept)]);
  const isDead = await Promise.all(ids.map((id) => isAbandonedLock(join(places.locks, id))));
  const directory = (name: string, remove: () => Promise<void>): Leftover => {
    return { kind: 'directory', name, reason: deadOwner, remove };
  };
  return [
    ...ids
      .filter((_, index) => isDead[index])
      .map((id) => directory(join(places.tasks, id), () => removeTask(id, places))),
    ...swept
      .map((name) => join(places.swept, name))
      .map((path) => directory(path, () => removeTree(path))),
  ];
}

interface Places {
  readonly locks: string;
  readonly tasks: string;
  /** What nobody needs any more, under names that nobody wants. */
  readonly swept: string;
}

async function ownPlaces(): Promise<Places> {
  const base = await ownTemporaryDirectory();
  const make = (name: string) => ownSubdirectory(base, name);
  const [locks, tasks, swept] = await Promise.all([make('locks'), make('tasks'), make('swept')]);
  return { locks, tasks, swept };
}

/** Moved, which takes no time, since the id is held meanwhile, and somebody may want it. */
async function removeTask(id: string, { locks, tasks, swept }: Places): Promise<void> {
  const lock = await acquireAbandonedLock(join(locks, id));
  if (!lock) return;
  const moved = join(swept, randomName(8));
  try {
    await rename(join(tasks, id), moved);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  await lock.release();
  await removeTree(moved);
}

const sweepRounds = 5;
const sweepPauseMs = 50;

/** An id that is being swept is free a moment later. */
async function acquireId(path: string): Promise<Lock | null> {
  for (let round = 0; round < sweepRounds; round += 1) {
    const lock = await acquireLock(path);
    if (lock) return lock;
    await delay(sweepPauseMs);
  }
  return null;
}
