import { lstat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readPlantableFile } from '../spec/regular-file.ts';
import { deadOwner, namesIn } from './abandoned-files.ts';
import type { Leftover } from './engine.ts';
import { currentOwner, isDead, parseOwner } from './owner.ts';
import { removeTree } from './remove-tree.ts';

const ownerFile = '.owner';

/** To be done first: whoever finds the rest must be able to tell whether somebody needs it. */
export async function signDirectory(path: string): Promise<void> {
  const owner = JSON.stringify(currentOwner());
  await writeFile(join(path, ownerFile), owner, { flag: 'wx', mode: 0o600 });
}

/** The same as `abandonedDirectories`, removed. */
export async function sweepDirectories(parent: string, prefix = ''): Promise<void> {
  const found = await abandonedDirectories(parent, prefix);
  await Promise.allSettled(found.map((leftover) => leftover.remove()));
}

/**
 * Signed directories in `parent` that killed processes left; never what may still be needed. Everyone may be able to
 * write to `parent`: what is not a directory of ours stays.
 */
export async function abandonedDirectories(parent: string, prefix = ''): Promise<Leftover[]> {
  const names = (await namesIn(parent)).filter((name) => name.startsWith(prefix));
  const found = names.map((name) => leftoverAt(join(parent, name)));
  return (await Promise.all(found)).filter((one) => one !== null);
}

async function leftoverAt(path: string): Promise<Leftover | null> {
  if (!(await isAbandoned(path).catch(() => false))) return null;
  return { kind: 'directory', name: path, reason: deadOwner, remove: () => removeTree(path) };
}

/** Without a name of its owner it was left in the moment before that was written. */
async function isAbandoned(path: string): Promise<boolean> {
  const found = await lstat(path);
  const isOurs = found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid);
  if (!isOurs) return false;
  const text = await readPlantableFile(join(path, ownerFile)).catch(() => undefined);
  const owner = parseOwner(text);
  return owner === null ? Date.now() - found.mtimeMs > 60_000 : isDead(owner, currentOwner());
}
