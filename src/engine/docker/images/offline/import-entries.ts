import { isUtf8 } from 'node:buffer';
import type { Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

export interface FoundEntry {
  /** Relative to the root. */
  readonly name: string;
  readonly path: string;
  readonly stats: Stats;
  /** Of a symlink; null for everything else. */
  readonly target: string | null;
}

/** What is not part of an image. */
export interface Leftovers {
  readonly special: string[];
  readonly mounts: string[];
  readonly unnamed: string[];
}

/** Everything below a directory, each directory before what is in it. No link is followed, no other file system entered. */
export async function* entriesOf(
  root: string,
  leftovers: Leftovers,
): AsyncGenerator<FoundEntry, void, undefined> {
  const { dev } = await lstat(root);
  const waiting = [''];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const name of await namesIn(root, folder, leftovers)) {
      const path = join(root, name);
      const stats = await lstat(path);
      if (!stats.isFile() && !stats.isDirectory() && !stats.isSymbolicLink()) {
        leftovers.special.push(name);
        continue;
      }
      const target = stats.isSymbolicLink() ? await readlink(path, { encoding: 'buffer' }) : null;
      if (target && !isUtf8(target)) {
        leftovers.unnamed.push(name);
        continue;
      }
      yield { name, path, stats, target: target?.toString() ?? null };
      if (!stats.isDirectory()) continue;
      if (stats.dev === dev) waiting.push(name);
      else leftovers.mounts.push(name);
    }
  }
}

/** In one order, so that the same directory gives the same archive. */
async function namesIn(root: string, folder: string, leftovers: Leftovers): Promise<string[]> {
  const names = await readdir(join(root, folder), { encoding: 'buffer' });
  const isNamed = (name: Buffer) => isUtf8(name);
  const unnamed = names.filter((name) => !isNamed(name));
  leftovers.unnamed.push(...unnamed.map((name) => join(folder, name.toString())));
  return names
    .filter(isNamed)
    .map((name) => join(folder, name.toString()))
    .sort();
}
