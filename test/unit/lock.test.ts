import { mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Lock, acquireAbandonedLock, acquireLock } from '../../src/engine/lock.ts';
import { type Owner, currentOwner } from '../../src/engine/owner.ts';
import { runs } from '../helpers/programs.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

async function lockPath(): Promise<string> {
  return join(await temporaryDirectory(), 'task.lock');
}

/** Leaves a lock as a process would that was killed. */
async function leaveLock(path: string, changes: Partial<Owner>): Promise<void> {
  await writeFile(path, JSON.stringify({ ...currentOwner(), ...changes }));
}

/** Makes a file system of one page that is taken. */
async function isFullDisk(path: string): Promise<boolean> {
  await mkdir(path);
  if (!(await runs('mount', ['-t', 'tmpfs', '-o', 'size=4k,mode=700', 'none', path]))) return false;
  onTestFinished(() => runs('umount', [path]).then(() => undefined));
  await writeFile(join(path, 'full'), 'x'.repeat(4096));
  return true;
}

const dead = { pidStart: '1' };

async function race(path: string, count: number): Promise<Lock[]> {
  const locks = await Promise.all(Array.from({ length: count }, () => acquireLock(path)));
  return locks.filter((lock) => lock !== null);
}

/** As `race`, but whoever comes later finds the others at any step of theirs. */
async function staggeredRace(path: string, count: number): Promise<Lock[]> {
  const contend = async (_: unknown, index: number) => {
    for (let turns = 0; turns < index * 3; turns += 1) await turn();
    return await acquireLock(path);
  };
  const locks = await Promise.all(Array.from({ length: count }, contend));
  return locks.filter((lock) => lock !== null);
}

describe('a lock', () => {
  test('of fifty who want it at once exactly one gets, and only the lock is left', async () => {
    const path = await lockPath();
    expect(await race(path, 50)).toHaveLength(1);
    expect(await readdir(dirname(path))).toEqual(['task.lock']);
  });

  test('can be taken again once it was released, and then nothing is left', async () => {
    const path = await lockPath();
    for (let round = 0; round < 3; round += 1) {
      const lock = await acquireLock(path);
      expect(await acquireLock(path)).toBeNull();
      await lock?.release();
      expect(await readdir(dirname(path))).toEqual([]);
    }
  });

  test('may be released twice', async () => {
    const lock = await acquireLock(await lockPath());
    await lock?.release();
    await expect(lock?.release()).resolves.toBeUndefined();
  });

  test('names its owner, and only the owner can read it', async () => {
    const path = await lockPath();
    await acquireLock(path);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(currentOwner());
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('on a full disk leaves nothing, and says so', async ({ skip }) => {
    const path = join(await temporaryDirectory(), 'disk', 'task.lock');
    if (!(await isFullDisk(dirname(path)))) skip('only root can mount');
    await expect(acquireLock(path)).rejects.toThrow('ENOSPC');
    expect(await readdir(dirname(path))).toEqual(['full']);
  });

  test('in a directory that is not there is an error', async () => {
    const path = join(await temporaryDirectory(), 'missing/task.lock');
    await expect(acquireLock(path)).rejects.toThrow('ENOENT');
  });
});

describe('a lock that only a sweep wants', () => {
  test('is taken from the dead, and from nobody else', async () => {
    const path = await lockPath();
    expect(await acquireAbandonedLock(path)).toBeNull();
    expect(await readdir(dirname(path))).toEqual([]);
    await leaveLock(path, {});
    expect(await acquireAbandonedLock(path)).toBeNull();
    await leaveLock(path, dead);
    const lock = await acquireAbandonedLock(path);
    expect(await acquireLock(path)).toBeNull();
    await lock?.release();
    expect(await readdir(dirname(path))).toEqual([]);
  });
});

describe('a lock that was left behind', () => {
  test('by a dead process is taken over by exactly one of twenty', async () => {
    for (let round = 0; round < 20; round += 1) {
      const path = await lockPath();
      await leaveLock(path, dead);
      const contend = round % 2 === 0 ? race : staggeredRace;
      expect(await contend(path, 20)).toHaveLength(1);
      expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(currentOwner());
      expect(await readdir(dirname(path))).toEqual(['task.lock']);
    }
  });

  test.each<[string, Partial<Owner>]>([
    ['a living process', {}],
    ['a process of another host', { ...dead, host: 'other' }],
    ['a process in another container', { ...dead, pidNamespace: 'pid:[1]' }],
  ])('by %s is kept', async (_, changes) => {
    const path = await lockPath();
    await leaveLock(path, changes);
    const before = await readFile(path, 'utf8');
    expect(await race(path, 5)).toEqual([]);
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(await readdir(dirname(path))).toEqual(['task.lock']);
  });

  test('as a symlink to a dead one is kept, and its target untouched', async () => {
    const path = await lockPath();
    await leaveLock(`${path}.target`, dead);
    await symlink(`${path}.target`, path);
    expect(await acquireLock(path)).toBeNull();
    expect((await readdir(dirname(path))).sort()).toEqual(['task.lock', 'task.lock.target']);
  });
});
