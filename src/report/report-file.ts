import { type FileHandle, lstat, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { SandboxFailure } from '../failure.ts';
import { makeDirectory } from '../spec/make-directory.ts';
import { whyUnwritable } from '../spec/unwritable.ts';
import { randomName } from '../spec/random-name.ts';

/** What tasks printed stands in it, as in a receipt. */
const ownersMode = 0o600;

/**
 * A file that is written once everything is over, such as a report. Its directory is made before, so that a wrong
 * path costs nothing, and looked at again at the end, since a task may have put a link in its place.
 */
export class ReportFile {
  readonly path: string;
  readonly #directory: string;
  readonly #identity: string;

  private constructor(path: string, { directory, identity }: Place) {
    this.path = path;
    this.#directory = directory;
    this.#identity = identity;
  }

  /** Rejects with `output-not-writable`. */
  static async reserve(path: string, cwd: string): Promise<ReportFile> {
    const asked = resolve(cwd, path);
    return await orUnwritable(asked, 'its directory cannot be made', async () => {
      const found = await lstat(asked).catch(() => null);
      if (found?.isDirectory()) throw new Error('it is a directory');
      if (found && !found.isFile()) throw new Error('it is no regular file');
      await makeDirectory(dirname(asked));
      const place = await placeOf(dirname(asked));
      const draft = await open(draftIn(place.directory, asked), 'wx', 0o600);
      await draft.close();
      await unlink(draftIn(place.directory, asked));
      return new ReportFile(asked, place);
    });
  }

  /** Atomic: there is the whole file or, where it fails, what was there before. */
  async write(chunks: AsyncIterable<string> | Iterable<string>): Promise<void> {
    await orUnwritable(this.path, 'its directory is gone', async () => {
      const { directory, identity } = await placeOf(dirname(this.path));
      if (directory !== this.#directory || identity !== this.#identity) {
        throw new Error('its directory was replaced meanwhile');
      }
      const suffix = randomName(6);
      const draft = `${draftIn(directory, this.path)}.${suffix}`;
      try {
        const target = join(directory, basename(this.path));
        const file = await open(draft, 'wx', ownersMode);
        await writeAll(file, { chunks, mode: await modeOf(target) });
        await rename(draft, target);
      } catch (error) {
        await unlink(draft).catch(() => undefined);
        throw error;
      }
    });
  }
}

interface Place {
  /** With no link in it. */
  readonly directory: string;
  readonly identity: string;
}

async function placeOf(path: string): Promise<Place> {
  const directory = await realpath(path);
  const { dev, ino } = await stat(directory, { bigint: true });
  return { directory, identity: `${dev}:${ino}` };
}

function draftIn(directory: string, path: string): string {
  return join(directory, `.${basename(path)}.${process.pid}.tmp`);
}

/** Whoever opened an earlier report to others wants that of this one, too. */
async function modeOf(path: string): Promise<number> {
  const found = await lstat(path).catch(() => null);
  return found?.isFile() === true ? found.mode & 0o777 : ownersMode;
}

interface Content {
  readonly chunks: AsyncIterable<string> | Iterable<string>;
  readonly mode: number;
}

async function writeAll(file: FileHandle, { chunks, mode }: Content): Promise<void> {
  try {
    for await (const chunk of chunks) await file.appendFile(chunk);
    if (mode !== ownersMode) await file.chmod(mode);
  } finally {
    await file.close();
  }
}

async function orUnwritable<T>(path: string, missing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = whyUnwritable(error, {
      EEXIST: 'a part of its path is not a directory',
      ENOENT: missing,
    });
    throw new SandboxFailure('output-not-writable', `cannot write ${path}: ${reason}`, {
      hint: 'Choose another path.',
      cause: error,
    });
  }
}
