import { lstat, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SandboxFailure } from '../../failure.ts';
import { acquireLock } from '../lock.ts';

/** A task's own temporary place on this host, gone with it. */
export interface TaskDirectory {
  readonly home: string;
  readonly temporary: string;
  remove(): Promise<void>;
}

/** Also what keeps two live tasks from sharing an id, as the container's name does on an engine. */
export async function createTaskDirectory(id: string): Promise<TaskDirectory> {
  const base = await ownBaseDirectory();
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

/** Everyone can write to the temporary directory: what somebody else put there under our name is refused. */
async function ownBaseDirectory(): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const base = join(tmpdir(), `sandbox-${uid}`);
  await mkdir(base, { mode: 0o700, recursive: true });
  const found = await lstat(base);
  const isOurs = found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0;
  if (isOurs || process.platform === 'win32') return base;
  throw new SandboxFailure(
    'start-failed',
    `${base} is not a directory that only you can write to`,
    {
      hint: 'Somebody else may have put it there. Remove it, or set TMPDIR to a place of your own.',
    },
  );
}
