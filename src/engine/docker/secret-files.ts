import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Secret } from '../../spec/secret.ts';
import { signDirectory } from '../owned-directory.ts';
import { secretsDirectory } from '../secrets-directory.ts';
import type { SecretFile } from './mounts.ts';
import { randomName } from '../../spec/random-name.ts';

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
    const directory = join(base, `${taskId}.${randomName(6)}`);
    await mkdir(directory, { mode: 0o700 });
    try {
      await signDirectory(directory);
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
      await writeFile(path, value, { flag: 'wx', mode: 0o400 });
      // Whatever the umask is: the task may have any uid.
      await chmod(path, 0o444);
      return { name, path };
    }),
  );
}
