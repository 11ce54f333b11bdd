import { chmodSync, opendirSync, rmdirSync, unlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { errnoOf } from '../failure.ts';
import { type ByteName, bytesOfText, fsPath } from './byte-name.ts';
import { DirectoryChain } from './directory-chain.ts';
import { TimeSlice } from './time-slice.ts';

/**
 * Removes a tree that a task made, however deep it is and whatever permissions the task took away from its
 * directories; nothing where there is none. Symlinks are removed, never followed. Rejects with a system error.
 */
export async function removeTree(path: string): Promise<void> {
  if (process.platform === 'win32') {
    await rm(path, { recursive: true, force: true });
    return;
  }
  const chain = openParent(path);
  if (!chain) return;
  try {
    await removeChild(chain, bytesOfText(basename(path)));
  } finally {
    chain.close();
  }
}

function openParent(path: string): DirectoryChain | null {
  try {
    return DirectoryChain.open(dirname(path));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Goes down by hand instead of recursing: a tree can be deeper than the stack. */
async function removeChild(chain: DirectoryChain, name: ByteName): Promise<void> {
  const slice = new TimeSlice();
  if (unlinkUnlessDirectory(chain, name)) return;
  const levels = [levelOf(chain, name)];
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    if (slice.isOver) await slice.rest();
    const child = level.names.pop();
    if (child !== undefined) {
      if (!unlinkUnlessDirectory(chain, child)) levels.push(levelOf(chain, child));
      continue;
    }
    if (chain.leave() > 1) throw new Error('it was moved while it was removed');
    levels.pop();
    removeDirectory(chain, level.name);
  }
}

interface Level {
  readonly name: ByteName;
  readonly names: ByteName[];
}

function levelOf(chain: DirectoryChain, name: ByteName): Level {
  const path = chain.at(name);
  try {
    chain.enter(name, { insist: true });
  } catch (error) {
    // Where there are no handles, the right to read is not taken by `insist`.
    if (errnoOf(error) !== 'EACCES' || process.platform === 'linux') throw error;
    chmodSync(path, 0o700);
    chain.enter(name);
  }
  return { name, names: namesIn(chain) };
}

function namesIn(chain: DirectoryChain): ByteName[] {
  const names: ByteName[] = [];
  const directory = opendirSync(fsPath(chain.here()), { encoding: 'latin1', bufferSize: 512 });
  try {
    for (let entry = directory.readSync(); entry; entry = directory.readSync()) {
      names.push(entry.name);
    }
  } finally {
    directory.closeSync();
  }
  return names;
}

/** False where it is a directory. */
function unlinkUnlessDirectory(chain: DirectoryChain, name: ByteName): boolean {
  try {
    chain.change(() => unlinkSync(chain.at(name)));
    return true;
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code === 'ENOENT') return true;
    if (code === (process.platform === 'linux' ? 'EISDIR' : 'EPERM')) return false;
    throw error;
  }
}

function removeDirectory(chain: DirectoryChain, name: ByteName): void {
  try {
    chain.change(() => rmdirSync(chain.at(name)));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
