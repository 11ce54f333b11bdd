import { constants, existsSync } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { errnoOf } from '../failure.ts';
import { readPlantableBytes } from './regular-file.ts';

/**
 * A directory that a task may be changing. On Linux it is held by a handle: whatever is put in the place of its name
 * meanwhile, what is read comes out of the directory that was opened. Elsewhere its path has to do.
 */
export class HeldDirectory {
  readonly #path: string;
  readonly #handle: FileHandle | null;

  private constructor(path: string, handle: FileHandle | null) {
    this.#path = path;
    this.#handle = handle;
  }

  /** `refuseLinks`: not one that was reached by another way than its real path. */
  static async open(path: string, { refuseLinks = false } = {}): Promise<HeldDirectory> {
    const handle = hasHandles ? await open(path, asDirectory) : null;
    const directory = new HeldDirectory(path, handle);
    try {
      if (refuseLinks) await directory.#refuseDetour();
      return directory;
    } catch (error) {
      await directory.close();
      throw error;
    }
  }

  /** What a path relative to it is called. */
  pathOf(path: string): string {
    return join(this.#path, path);
  }

  /** A small file in it or below, by way of no link. */
  async read(path: string): Promise<Buffer> {
    const parts = posix.normalize(path).split('/');
    const [name = '.', ...rest] = parts.filter((part) => part !== '' && part !== '.');
    if (name === '..') throw new Error(`it is not below ${this.#path}`);
    if (rest.length === 0) return await this.#withNames(() => readPlantableBytes(this.#at(name)));
    const child = await this.#enter(name);
    try {
      return await child.read(rest.join('/'));
    } finally {
      await child.close();
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }

  async #enter(name: string): Promise<HeldDirectory> {
    const path = join(this.#path, name);
    try {
      const open = () => HeldDirectory.#openChild(this.#at(name), path);
      return await this.#withNames(open);
    } catch (error) {
      if (errnoOf(error) !== 'ENOTDIR') throw error;
      throw new Error(`${path} ${noDirectory}`, { cause: error });
    }
  }

  static async #openChild(at: string, path: string): Promise<HeldDirectory> {
    if (hasHandles) {
      return new HeldDirectory(path, await open(at, asDirectory | constants.O_NOFOLLOW));
    }
    // Only of the child: a link may lead to the caller's own folder.
    if ((await lstat(at)).isDirectory()) return new HeldDirectory(path, null);
    throw new Error(`${path} ${noDirectory}`);
  }

  #at(name: string): string {
    return `${this.#root}/${name}`;
  }

  get #root(): string {
    return this.#handle === null ? this.#path : `/proc/self/fd/${this.#handle.fd}`;
  }

  async #refuseDetour(): Promise<void> {
    const found = await (this.#handle === null ? realpath(this.#path) : readlink(this.#root));
    if (found !== this.#path) throw new Error(`a link leads to it: it is in ${found}`);
  }

  /** Nobody knows a file by the number of a handle. */
  async #withNames<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Error) error.message = error.message.replace(this.#root, this.#path);
      throw error;
    }
  }
}

const hasHandles = process.platform === 'linux' && existsSync('/proc/self/fd');

const asDirectory = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK;

const noDirectory = 'is a link, or no directory';
