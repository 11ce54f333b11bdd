import { constants } from 'node:fs';
import { type FileHandle, lstat, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { abandonedFiles, deadOwner, namesIn } from '../engine/abandoned-files.ts';
import type { Leftover } from '../engine/engine.ts';
import { isAbandonedLock } from '../engine/lock.ts';
import { errnoOf } from '../failure.ts';

/**
 * What killed runs left in a directory of receipts. Receipts may lie among other files, also of these names: a lock is
 * ours if it names its owner, and a draft if a receipt begins in it.
 */
export async function receiptLeftovers(directory: string): Promise<Leftover[]> {
  const locks = abandonedFiles(directory, { name: /^\..+\.lock(\.|$)/, judgedBy: 'lock' });
  return [...(await locks), ...(await abandonedDrafts(directory))];
}

/** A receipt is written under the lock of its name. */
async function abandonedDrafts(directory: string): Promise<Leftover[]> {
  const found = (await namesIn(directory)).map(async (name): Promise<Leftover | null> => {
    const receipt = draftName.exec(name)?.[1];
    if (receipt === undefined) return null;
    const [path, lock] = [join(directory, name), join(directory, `.${receipt}.lock`)];
    const isOver = !(await isThere(lock)) || (await isAbandonedLock(lock));
    if (!isOver || !(await isOurDraft(path).catch(() => false))) return null;
    return { kind: 'file', name: path, reason: deadOwner, remove: () => unlinkIfThere(path) };
  });
  return (await Promise.all(found)).filter((one) => one !== null);
}

const draftName = /^\.(.+)\.[0-9a-f]{12}\.tmp$/;
/** As the writer puts them; a full disk may have taken any part, or none. */
const beginning = Buffer.from('{\n  "schema": "sandbox-run/');

async function isOurDraft(path: string): Promise<boolean> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file: FileHandle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const found = await file.stat();
    if (!found.isFile() || found.uid !== (process.getuid?.() ?? found.uid)) return false;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(beginning.length), 0);
    return beginning.subarray(0, bytesRead).equals(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
