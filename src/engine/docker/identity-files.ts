import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { ownTemporaryDirectory } from '../own-directory.ts';
import type { Accounts } from './identity-lines.ts';
import { randomName } from '../../spec/random-name.ts';
import { sha256 } from '../../spec/sha256.ts';

const accountFileSchema = v.nullable(v.object({ path: v.string(), text: v.string() }));
const accountsSchema = v.object({ passwd: accountFileSchema, group: accountFileSchema });

const mostFiles = 128;
/** What was used less long ago may be about to be mounted. */
const unusedMs = 600_000;

const imageIdPattern = /^(?:sha256:)?([0-9a-f]{64})$/;

/**
 * What images say of their users, kept in a directory that only the caller can write to. Read and written without
 * yielding: the files are small, and a run on a busy machine would wait for its turn a dozen times.
 */
export class IdentityFiles {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(): Promise<IdentityFiles> {
    const directory = join(await ownTemporaryDirectory(), 'identities');
    mkdirSync(directory, { mode: 0o700, recursive: true });
    return new IdentityFiles(directory);
  }

  /** Null where it was not read before. An image's id is the digest of all that is in it. */
  recall(imageId: string): Accounts | null {
    try {
      const text = readFileSync(this.#accountsPath(imageId), 'utf8');
      return v.parse(accountsSchema, JSON.parse(text));
    } catch {
      return null;
    }
  }

  remember(imageId: string, accounts: Accounts): void {
    this.#replace(this.#accountsPath(imageId), JSON.stringify(accounts), 0o600);
  }

  /** The path of a file with that content, one byte for each character; any uid may read it where it is mounted. */
  mountable(text: string): string {
    const path = join(this.#directory, `${digestOf(text)}.text`);
    const content = Buffer.from(text, 'latin1');
    if (!isThere(path, content)) this.#replace(path, content, 0o444);
    return path;
  }

  /** An id is a digest already, and to make another one costs as much as the call for the image. */
  #accountsPath(imageId: string): string {
    const name = imageIdPattern.exec(imageId)?.[1] ?? digestOf(imageId);
    return join(this.#directory, `${name}.json`);
  }

  /** In one step, since others may be reading it. */
  #replace(path: string, content: string | Buffer, mode: number): void {
    const draft = `${path}.${randomName(6)}`;
    writeFileSync(draft, content, { flag: 'wx', mode });
    // The caller's umask may have taken something away.
    chmodSync(draft, mode);
    renameSync(draft, path);
    this.#removeOldest();
  }

  /** Drafts that were left as well. */
  #removeOldest(): void {
    const names = readdirSync(this.#directory);
    if (names.length <= mostFiles) return;
    const found = names.map((name) => {
      const path = join(this.#directory, name);
      return { path, usedMs: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 };
    });
    const oldest = found.sort((a, b) => b.usedMs - a.usedMs).slice(mostFiles);
    for (const { path, usedMs } of oldest) {
      if (Date.now() - usedMs > unusedMs) rmSync(path, { force: true });
    }
  }
}

/** And from now on the last one to be removed. */
function isThere(path: string, content: Buffer): boolean {
  try {
    if (!readFileSync(path).equals(content)) return false;
    const now = new Date();
    utimesSync(path, now, now);
    return true;
  } catch {
    return false;
  }
}

function digestOf(text: string): string {
  return sha256().update(text).digest('hex');
}
