import { readFileSync } from 'node:fs';
import { readdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { currentOwner, isDead, parseOwner } from '../engine/owner.ts';
import { ownSubdirectory, ownTemporaryDirectory } from '../engine/own-directory.ts';
import { SandboxFailure, messageOf } from '../failure.ts';
import { isInside } from '../spec/host-path.ts';
import { type TaskSpec, writablePaths } from '../spec/task-spec.ts';
import { randomName } from '../spec/random-name.ts';

/**
 * That a run is under way, for other runs on the same files. A task can move what another one has planted out of
 * the way of the scan after it; the last of those that overlap then has to find it, and must not take it for
 * something that was there before. So each one reaches back to when the first of them began.
 */
export interface LiveRun {
  /** What has changed since then may be the work of a task. */
  readonly sinceNs: bigint;
  release(): Promise<void>;
}

interface Mark {
  readonly sinceNs: bigint;
  readonly roots: readonly string[];
}

/** To be called before the first look. Runs of other users are not seen. Rejects with `start-failed`. */
export async function announceRun(spec: TaskSpec): Promise<LiveRun> {
  const startNs = BigInt(Date.now()) * 1_000_000n;
  const roots = writablePaths(spec);
  if (roots.length === 0) return { sinceNs: startNs, release: () => Promise.resolve() };
  try {
    return await announce(spec.id, { sinceNs: startNs, roots });
  } catch (cause) {
    if (cause instanceof SandboxFailure) throw cause;
    const message = `other runs on the same files cannot be told of this one: ${messageOf(cause)}`;
    const hint = 'Free some space in the temporary directory, or set TMPDIR to another one.';
    throw new SandboxFailure('start-failed', message, { hint, cause });
  }
}

async function announce(id: string, { sinceNs: startNs, roots }: Mark): Promise<LiveRun> {
  const directory = await ownSubdirectory(await ownTemporaryDirectory(), 'live');
  const path = join(directory, `${id}.${randomName(6)}`);
  // First our own, then those of others: of two that begin together at least one sees the other.
  await writeMark(path, { sinceNs: startNs, roots });
  const sinceNs = (await marksOf(directory))
    .filter((mark) => overlaps(mark.roots, roots))
    .reduce((least, mark) => (mark.sinceNs < least ? mark.sinceNs : least), startNs);
  if (sinceNs < startNs) await writeMark(path, { sinceNs, roots });
  return { sinceNs, release: () => unlink(path).catch(() => undefined) };
}

async function writeMark(path: string, { sinceNs, roots }: Mark): Promise<void> {
  const draft = `${path}.draft`;
  const content = JSON.stringify({ ...currentOwner(), sinceNs: String(sinceNs), roots });
  await writeFile(draft, content, { mode: 0o600 });
  await rename(draft, path);
}

async function marksOf(directory: string): Promise<Mark[]> {
  const names = await readdir(directory);
  const marks = names.map((name) => liveMark(join(directory, name)));
  return (await Promise.all(marks)).filter((mark) => mark !== null);
}

/** Null where its owner is dead, and then it is removed, and where it is only half written. */
async function liveMark(path: string): Promise<Mark | null> {
  try {
    const text = readFileSync(path, 'utf8');
    const owner = parseOwner(text);
    if (owner === null) return null;
    if (isDead(owner, currentOwner())) {
      await unlink(path);
      return null;
    }
    const { sinceNs, roots } = JSON.parse(text) as { sinceNs: string; roots: string[] };
    return { sinceNs: BigInt(sinceNs), roots };
  } catch {
    return null;
  }
}

function overlaps(some: readonly string[], others: readonly string[]): boolean {
  return some.some((a) => others.some((b) => isInside(a, b) || isInside(b, a)));
}
