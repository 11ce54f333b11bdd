import type { BigIntStats } from 'node:fs';
import type { WorkspaceChange } from '../receipt/receipt.ts';

export type FileKind = WorkspaceChange['kind'];

/** What is known of a file without opening it. */
export interface Facts {
  readonly kind: FileKind;
  /** Permissions with setuid, setgid and sticky. */
  readonly mode: number;
  readonly size: number;
  readonly mtimeNs: bigint;
  /** A task can set every time but this. */
  readonly ctimeNs: bigint;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly uid: number;
  readonly gid: number;
}

export function factsOf(stats: BigIntStats): Facts {
  const { mtimeNs, ctimeNs, dev, ino } = stats;
  return {
    kind: kindOf(stats),
    mode: Number(stats.mode) & 0o7777,
    size: Number(stats.size),
    mtimeNs,
    ctimeNs,
    dev,
    ino,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
  };
}

export function kindOf(stats: BigIntStats): FileKind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  return stats.isSocket() ? 'socket' : 'device';
}

/** What a directory holds is compared name by name, so that its times say nothing more. */
export function isUnchanged(before: Facts, now: Facts): boolean {
  if (before.kind !== now.kind || before.mode !== now.mode) return false;
  if (now.kind === 'directory') return true;
  return (
    before.ino === now.ino &&
    before.size === now.size &&
    before.mtimeNs === now.mtimeNs &&
    before.ctimeNs === now.ctimeNs
  );
}
