import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readPlantableFile } from '../../spec/regular-file.ts';
import type { Secret } from '../../spec/secret.ts';
import { ownTemporaryDirectory } from '../own-directory.ts';
import { currentOwner, isDead, parseOwner } from '../owner.ts';
import type { SecretFile } from './mounts.ts';

const ownerFile = '.owner';

/**
 * Secrets as files of this host, to be mounted one by one: the directory is the caller's alone, and any uid may read
 * the files where they are mounted. In memory where the system has such a place.
 */
export class SecretFiles {
  readonly files: readonly SecretFile[];
  readonly #directory: string | null;

  private constructor(directory: string | null, files: readonly SecretFile[]) {
    this.#directory = directory;
    this.files = files;
  }

  static async write(taskId: string, secrets: readonly Secret[]): Promise<SecretFiles> {
    if (secrets.length === 0) return new SecretFiles(null, []);
    const base = await secretsDirectory();
    await mkdir(base, { mode: 0o700, recursive: true });
    const directory = join(base, `${taskId}.${randomBytes(6).toString('hex')}`);
    await mkdir(directory, { mode: 0o700 });
    try {
      // First: whoever finds the rest must be able to tell whether somebody needs it.
      await writeNew(join(directory, ownerFile), JSON.stringify(currentOwner()), 0o600);
      return new SecretFiles(directory, await writeAll(directory, secrets));
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** A container that has started keeps what is mounted, so that nothing is left here even if we are killed. */
  async remove(): Promise<void> {
    if (this.#directory !== null) await rm(this.#directory, { recursive: true, force: true });
  }
}

async function writeAll(directory: string, secrets: readonly Secret[]): Promise<SecretFile[]> {
  return await Promise.all(
    secrets.map(async ({ name, value }) => {
      // A name may be anything that a file can be called, our own file as well.
      const path = join(directory, `${name}.secret`);
      await writeNew(path, value, 0o444);
      return { name, path };
    }),
  );
}

async function writeNew(path: string, content: string | Buffer, mode: number): Promise<void> {
  await writeFile(path, content, { flag: 'wx', mode });
}

/** Removes what runs left that were killed between writing and starting; never what may still be needed. */
export async function sweepSecrets(): Promise<void> {
  const base = await secretsDirectory();
  const names = await readdir(base).catch(() => []);
  await Promise.all(
    names.map(async (name) => {
      const directory = join(base, name);
      if (await isAbandoned(directory)) await rm(directory, { recursive: true, force: true });
    }),
  );
}

/** Without a name of its owner it was left in the moment before that was written, and holds nothing yet. */
async function isAbandoned(directory: string): Promise<boolean> {
  const text = await readPlantableFile(join(directory, ownerFile)).catch(() => null);
  const owner = text === null ? null : parseOwner(text);
  if (owner !== null) return isDead(owner, currentOwner());
  const found = await lstat(directory).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > 60_000;
}

async function secretsDirectory(): Promise<string> {
  const memory = await stat(inMemory).catch(() => null);
  const parent = memory?.isDirectory() === true ? inMemory : undefined;
  return join(await ownTemporaryDirectory(parent), 'secrets');
}

const inMemory = '/dev/shm';
