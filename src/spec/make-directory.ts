import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from '../failure.ts';

/**
 * With those above it, for its owner only: what tasks printed will stand in it. Node's own recursive mkdir never
 * returns where a file system takes nothing, such as below /proc.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' && (await isDirectory(path))) return;
    const parent = dirname(path);
    if (errnoOf(error) !== 'ENOENT' || parent === path || (await stat(parent).catch(() => null)))
      throw error;
    await makeDirectory(parent);
    await makeDirectory(path);
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isDirectory() ?? false;
}
