import {
  type BigIntStats,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  openSync,
  readSync,
  readlinkSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { openPathOnly } from '../engine/directory-chain.ts';
import { TimeSlice } from '../engine/time-slice.ts';
import { errnoOf } from '../failure.ts';

type Path = string | Buffer;

export interface CopyJob {
  readonly from: Path;
  /** Nothing is there yet. */
  readonly to: Path;
  /** What the copy gets besides the content. */
  readonly attributes: Attributes;
  /** False where paths are all there is. */
  readonly hasHandles: boolean;
  /** Reads a file of our own that denies it. */
  readonly insist?: boolean;
  readonly cancel: AbortSignal | null;
}

const asSource =
  constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const asTarget = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const { COPYFILE_FICLONE, COPYFILE_FICLONE_FORCE } = constants;

/** Above this a copy that shares no blocks is made piece by piece, so that others can run and it can be ended. */
const mostAtOnceBytes = 1024 ** 2;

/**
 * Copies a regular file, sharing its blocks where the file system can. Neither end is ever reached through a
 * symlink that somebody has put there meanwhile. Rejects with a system error, ENOENT where it has gone.
 */
export async function copyRegularFile(job: CopyJob): Promise<void> {
  const source = openSource(job);
  try {
    const found = fstatSync(source);
    if (!found.isFile()) throw new Error('it is not a regular file any more');
    const target = openSync(job.to, asTarget, 0o600);
    try {
      await copyContent({ ...job, source, target, size: found.size });
      setAttributes(target, job.attributes);
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

function openSource({ from, insist = false }: CopyJob): number {
  try {
    return openSync(from, asSource);
  } catch (error) {
    if (!insist || process.platform !== 'linux' || errnoOf(error) !== 'EACCES') throw error;
  }
  const handle = openSync(from, openPathOnly | constants.O_NOFOLLOW);
  try {
    const { mode } = fstatSync(handle);
    chmodSync(`/proc/self/fd/${handle}`, (mode & 0o7777) | 0o400);
    return openSync(`/proc/self/fd/${handle}`, constants.O_RDONLY | constants.O_NONBLOCK);
  } finally {
    closeSync(handle);
  }
}

interface OpenJob extends CopyJob {
  readonly source: number;
  readonly target: number;
  readonly size: number;
}

async function copyContent(job: OpenJob): Promise<void> {
  const from = job.hasHandles ? `/proc/self/fd/${job.source}` : job.from;
  const to = job.hasHandles ? `/proc/self/fd/${job.target}` : job.to;
  if (job.size <= mostAtOnceBytes) {
    copyFileSync(from, to, COPYFILE_FICLONE);
    return;
  }
  // Without handles a failed attempt would remove the name that the target was opened by.
  if (job.hasHandles && (await isCloned(from, to))) return;
  await pump(job);
}

async function isCloned(from: Path, to: Path): Promise<boolean> {
  return await copyFile(from, to, COPYFILE_FICLONE_FORCE).then(
    () => true,
    () => false,
  );
}

async function pump({ source, target, cancel }: OpenJob): Promise<void> {
  const piece = Buffer.allocUnsafe(mostAtOnceBytes);
  const slice = new TimeSlice(cancel);
  let position = 0;
  for (;;) {
    const count = readSync(source, piece, 0, piece.length, position);
    if (count === 0) return;
    for (let written = 0; written < count;) {
      written += writeSync(target, piece, written, count - written, position + written);
    }
    position += count;
    if (slice.isOver) await slice.rest();
  }
}

/** Verbatim, wherever it leads. */
export function copySymlink(from: Path, to: Path, { uid, gid }: Attributes): void {
  symlinkSync(readlinkSync(from, 'buffer'), to);
  if (!keepsOwners() || process.platform !== 'linux') return;
  const handle = openSync(to, openPathOnly | constants.O_NOFOLLOW);
  try {
    const found = fstatSync(handle);
    const isOurs = found.isSymbolicLink() && found.uid === 0;
    if (isOurs && (uid !== 0 || gid !== found.gid)) chownSync(`/proc/self/fd/${handle}`, uid, gid);
  } finally {
    closeSync(handle);
  }
}

/** What is copied besides content. */
export interface Attributes {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly mtimeNs: bigint;
}

export function attributesOf(stats: BigIntStats): Attributes {
  const { uid, gid, mode, mtimeNs } = stats;
  return { uid: Number(uid), gid: Number(gid), mode: Number(mode) & 0o7777, mtimeNs };
}

/** Whether files can be given to others. */
export function keepsOwners(): boolean {
  return process.geteuid?.() === 0;
}

/** In this order, since changing owners clears bits. */
export function setAttributes(fd: number, { uid, gid, mode, mtimeNs }: Attributes): void {
  if (keepsOwners()) fchownSync(fd, uid, gid);
  fchmodSync(fd, mode);
  // Half a microsecond more, since what a double cannot hold is cut off.
  const mtime = (Number(mtimeNs / 1_000n) + 0.5) / 1e6;
  futimesSync(fd, mtime, mtime);
}
