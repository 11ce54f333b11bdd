import { constants } from 'node:fs';
import { type FileHandle, access, open, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Lock, acquireLock } from '../engine/lock.ts';
import { SandboxFailure } from '../failure.ts';
import type { BatchSummary } from './batch-summary.ts';
import type { Receipt } from './receipt.ts';
import { summaryText } from './summary-text.ts';
import { makeDirectory } from '../spec/make-directory.ts';
import { randomName } from '../spec/random-name.ts';
import { whyUnwritable } from '../spec/unwritable.ts';

/**
 * The place of one receipt, taken before the task starts: the directory exists and can be written to, and no
 * other living task will write the same file.
 */
export class ReceiptPlace {
  readonly path: string;
  readonly #lock: Lock;

  private constructor(path: string, lock: Lock) {
    this.path = path;
    this.#lock = lock;
  }

  static async reserve(path: string): Promise<ReceiptPlace> {
    const directory = dirname(path);
    const lock = await orUnwritable(path, async () => {
      await makeDirectory(directory);
      await access(directory, constants.W_OK | constants.X_OK);
      await refuseSpecial(path);
      return await acquireSoon(join(directory, `.${basename(path)}.lock`));
    });
    if (!lock) throw alreadyRunning(path);
    return new ReceiptPlace(path, lock);
  }

  /**
   * Atomic: a reader sees the old receipt or the whole new one, never a part, and a power cut loses neither.
   * The rename replaces a symlink that stands at the path and never follows it.
   */
  async write(receipt: Receipt | BatchSummary): Promise<void> {
    const directory = dirname(this.path);
    const draft = join(directory, `.${basename(this.path)}.${randomName(6)}.tmp`);
    await orUnwritable(this.path, async () => {
      // Somebody may have tidied up while the task ran.
      await makeDirectory(directory);
      try {
        await writeDurably(draft, textOf(receipt));
        await rename(draft, this.path);
      } catch (error) {
        await unlink(draft).catch(() => undefined);
        throw error;
      }
      await syncDirectory(directory);
    });
  }

  async release(): Promise<void> {
    // One that cannot be removed any more is taken over by the next; why there is no receipt counts more.
    await this.#lock.release().catch(() => undefined);
  }
}

const sweepMs = 50;

/** Another process may hold it for a moment, to sweep what a dead one left. */
async function acquireSoon(path: string): Promise<Lock | null> {
  const lock = await acquireLock(path);
  if (lock) return lock;
  await delay(sweepMs);
  return await acquireLock(path);
}

function* textOf(written: Receipt | BatchSummary): Generator<string> {
  if ('tasks' in written) {
    yield* summaryText(written);
    yield '\n';
  } else yield `${JSON.stringify(written, null, 2)}\n`;
}

async function writeDurably(path: string, text: Iterable<string>): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file: FileHandle = await open(path, flags, 0o600);
  try {
    await writeFile(file, text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Some file systems cannot do this for a directory; the receipt is written all the same. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync().catch(() => undefined);
  } finally {
    await handle.close();
  }
}

/** A rename would put a file in the place of a device such as /dev/null, or of the link to one. */
async function refuseSpecial(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) throw new Error('it is a directory');
  if (found && !found.isFile()) throw new Error('it is no regular file');
}

async function orUnwritable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = whyUnwritable(error, {
      EEXIST: 'a part of its path is not a directory',
      ENOENT: 'its directory cannot be made',
    });
    throw new SandboxFailure(
      'receipt-not-writable',
      `cannot write the receipt ${path}: ${reason}`,
      {
        hint: 'Choose another place with --receipt PATH or SANDBOX_RECEIPT_DIR.',
        cause: error,
      },
    );
  }
}

function alreadyRunning(path: string): SandboxFailure {
  return new SandboxFailure('id-in-use', `a running task will write the receipt ${path}`, {
    hint: 'Wait for it, stop it, or choose another --id or --receipt.',
  });
}
