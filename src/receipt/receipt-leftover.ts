import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { abandonedFile, deadOwner, unlinkIfThere } from '../engine/abandoned-files.ts';
import type { Leftover } from '../engine/engine.ts';
import { isAbandonedLock } from '../engine/lock.ts';

const lockName = /^\..+\.lock(\.|$)/;
const draftName = /^\.(.+)\.[0-9a-f]{12}\.tmp$/;

/**
 * A lock or a draft that a killed run left in a directory of receipts; null where the name is of anything else. Receipts may lie among other files, also of these names: a lock is ours if it names its owner, and a draft if a
 * receipt begins in it.
 */
export async function receiptLeftover(directory: string, name: string): Promise<Leftover | null> {
  const path = join(directory, name);
  if (lockName.test(name)) return await abandonedFile(path, 'lock');
  const receipt = draftName.exec(name)?.[1];
  if (receipt === undefined) return null;
  const isOurs = isOurDraft(path).catch(() => false);
  if (!(await isOurs) || !(await isOver(join(directory, `.${receipt}.lock`)))) return null;
  return { kind: 'file', name: path, reason: deadOwner, remove: () => unlinkIfThere(path) };
}

/** A receipt is written under the lock of its name. */
async function isOver(lock: string): Promise<boolean> {
  const isFree = await lstat(lock).then(
    () => false,
    () => true,
  );
  return isFree || (await isAbandonedLock(lock));
}

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
