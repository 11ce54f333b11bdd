import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const mostOfSmall = 1024 ** 2;

/**
 * Reads a small text file that a task may have planted: never through a symlink, never waiting on a FIFO,
 * never more than 1 MiB. Throws a system error (ELOOP for a symlink) or an Error that says what was found.
 */
export async function readPlantableFile(path: string): Promise<string> {
  return (await readPlantableBytes(path)).toString('utf8');
}

/** The same for any bytes, and for as many as the caller takes. */
export async function readPlantableBytes(path: string, mostBytes = mostOfSmall): Promise<Buffer> {
  const file = await open(
    path,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY,
  );
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new Error('it is not a regular file');
    if (found.size > mostBytes) throw new Error(`it is larger than ${mostBytes / 1024 ** 2} MiB`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** What the error means that one of these was not read for. */
export const notFollowed = { ELOOP: 'it is a symlink, and those are not followed' } as const;
