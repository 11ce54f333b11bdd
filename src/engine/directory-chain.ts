import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  lstatSync,
  chmodSync,
  openSync,
} from 'node:fs';
import { errnoOf } from '../failure.ts';
import { type ByteName, bytesOfText, fsPath } from './byte-name.ts';

interface Frame {
  /** Null where it was closed because the chain is long, and where there are no handles. */
  fd: number | null;
  /** Empty where there are handles. */
  readonly path: ByteName;
  readonly dev: bigint;
  readonly ino: bigint;
  restoreMode: number | null;
}

interface OpenedDirectory {
  readonly fd: number;
  readonly restoreMode: number | null;
}

/**
 * A way down a tree that somebody else may be changing. On Linux every directory is held by a handle that was
 * opened without following a symlink, and children are reached through it (`/proc/self/fd/N/NAME`, which is what
 * openat does): a directory that is swapped for a symlink leads nowhere, and no path is ever too long.
 * Elsewhere plain paths are used and directories are looked at before they are entered.
 */
export class DirectoryChain {
  readonly #frames: Frame[] = [];

  /** Throws a system error where `path` is not a directory that can be read, or is a symlink. */
  static open(path: string, { insist = false, handles = hasHandles } = {}): DirectoryChain {
    const chain = new DirectoryChain();
    const bytes = bytesOfText(path);
    chain.#frames.push(handles ? openFrame(bytes, insist) : plainFrame(bytes));
    return chain;
  }

  /** How many directories below the first one it is. */
  get depth(): number {
    return this.#frames.length - 1;
  }

  /** The directory it is in, whatever its name is. */
  get id(): string {
    const { dev, ino } = this.#top();
    return `${dev}:${ino}`;
  }

  /** False where plain paths have to do. */
  get hasHandles(): boolean {
    return this.#top().fd !== null;
  }

  here(): ByteName {
    const { fd, path } = this.#top();
    return fd === null ? path : `/proc/self/fd/${fd}`;
  }

  /** A child of the directory it is in. */
  at(name: ByteName): string | Buffer {
    return fsPath(`${this.here()}/${name}`);
  }

  /**
   * Goes into a child; throws a system error (ELOOP or ENOTDIR where it is no directory). `insist` gives us the
   * right to read a directory of our own that denies it, until it is left.
   */
  enter(name: ByteName, { insist = false } = {}): void {
    const path = `${this.here()}/${name}`;
    this.#frames.push(this.#top().fd === null ? plainFrame(path) : openFrame(path, insist));
    const far = this.#frames[this.#frames.length - 1 - mostHandles];
    // The first one stays open: it is where a lost chain finds its way from.
    if (far?.fd == null || far === this.#frames[0]) return;
    closeSync(far.fd);
    far.fd = null;
  }

  /**
   * Goes back to the parent and answers how many directories were left: more than one where somebody moved
   * the directory away meanwhile, so that its parent is not the one it was reached by.
   */
  leave(): number {
    const left = this.#frames.pop();
    if (!left || this.#frames.length === 0) throw new Error('there is no parent to go back to');
    if (left.fd === null) return 1;
    let count = 1;
    const parent = this.#top();
    if (parent.fd === null) {
      parent.fd = openParent(left.fd, parent);
      while (this.#top().fd === null) {
        this.#frames.pop();
        count += 1;
      }
    }
    // Only now: the way to the parent leads through it.
    restore(left);
    closeSync(left.fd);
    return count;
  }

  /** Takes the right to change the directory it is in where a directory of our own denies it, until it is left. */
  claim(): boolean {
    return allow(this.#top(), 0o700);
  }

  /** Does something that needs the right to change the directory it is in, and claims it where it is missing. */
  change<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (errnoOf(error) !== 'EACCES' || !this.claim()) throw error;
      return work();
    }
  }

  /** Gives the directory it is in a mode; whatever it is, we may read and change it until it is left. */
  setMode(mode: number): void {
    const frame = this.#top();
    if (frame.fd === null) {
      chmodSync(fsPath(frame.path), mode);
      return;
    }
    fchmodSync(frame.fd, mode | 0o700);
    frame.restoreMode = mode;
  }

  close(): void {
    for (const frame of this.#frames.splice(0).reverse()) {
      restore(frame);
      if (frame.fd !== null) closeSync(frame.fd);
    }
  }

  #top(): Frame {
    const top = this.#frames[this.#frames.length - 1];
    if (!top) throw new Error('the chain is closed');
    return top;
  }
}

const hasHandles = process.platform === 'linux' && existsSync('/proc/self/fd');

/** Few enough for several chains at once under the usual limit of 1024 files. */
const mostHandles = 64;

/** Not in node:fs: a handle that needs no permission on what it is opened for (Linux). */
export const openPathOnly = 0o10000000;

const asDirectory =
  constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function openFrame(path: ByteName, insist = false): Frame {
  const { fd, restoreMode } = openDirectory(fsPath(path), insist);
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    const frame: Frame = { fd, path: '', dev, ino, restoreMode };
    if (insist) allow(frame, 0o500);
    return frame;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openDirectory(path: string | Buffer, insist: boolean): OpenedDirectory {
  try {
    return { fd: openSync(path, asDirectory), restoreMode: null };
  } catch (error) {
    if (!insist || !(error instanceof Error) || errnoOf(error) !== 'EACCES') throw error;
    return openOurs(path, error);
  }
}

/** Of a directory of our own that denies it. */
function openOurs(path: string | Buffer, denial: Error): OpenedDirectory {
  const handle = openSync(path, openPathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const { mode, uid } = fstatSync(handle);
    if (uid !== process.geteuid?.()) throw denial;
    chmodSync(`/proc/self/fd/${handle}`, (mode & 0o7777) | 0o500);
    return { fd: openSync(`/proc/self/fd/${handle}/.`, asDirectory), restoreMode: mode & 0o7777 };
  } finally {
    closeSync(handle);
  }
}

function plainFrame(path: ByteName): Frame {
  const found = lstatSync(fsPath(path), { bigint: true });
  if (!found.isDirectory()) {
    throw Object.assign(new Error('ENOTDIR: not a directory'), { code: 'ENOTDIR' });
  }
  return { fd: null, path, dev: found.dev, ino: found.ino, restoreMode: null };
}

/** Null where the parent is not the expected one any more. */
function openParent(fd: number, expected: Frame): number | null {
  try {
    const parent = openSync(`/proc/self/fd/${fd}/..`, asDirectory);
    const { dev, ino } = fstatSync(parent, { bigint: true });
    if (dev === expected.dev && ino === expected.ino) return parent;
    closeSync(parent);
    return null;
  } catch {
    return null;
  }
}

/** Root needs no permission; of others only the owner may give it. */
function allow(frame: Frame, bits: number): boolean {
  const { fd } = frame;
  if (fd === null || process.geteuid?.() === 0) return false;
  const { mode, uid } = fstatSync(fd);
  if (uid !== process.geteuid?.()) return false;
  if ((mode & bits) === bits) return true;
  fchmodSync(fd, (mode & 0o7777) | bits);
  frame.restoreMode ??= mode & 0o7777;
  return true;
}

function restore({ fd, restoreMode }: Frame): void {
  if (fd === null || restoreMode === null) return;
  try {
    fchmodSync(fd, restoreMode);
  } catch {
    // Somebody else has taken it over meanwhile: then its mode is theirs to set.
  }
}
