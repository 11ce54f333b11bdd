import { readdirSync, statSync } from 'node:fs';
import { workspaceTarget } from '../spec/task-spec.ts';
import { blockBytes } from './disk-use.ts';

/** A directory, whatever leads to it. */
export interface DirectoryId {
  readonly dev: bigint;
  readonly ino: bigint;
}

/**
 * Disk space of files that have no name any more and that tasks hold open: no walk comes across them. Found by
 * the processes (Linux) to which this directory is the workspace; of those that we may not look at, nothing.
 */
export function namelessBytes(workspace: DirectoryId): number {
  const sizes = new Map<bigint, number>();
  for (const pid of namesIn('/proc')) {
    if (!/^\d+$/.test(pid) || !isWorkspaceOf(pid, workspace)) continue;
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const found = statOf(`/proc/${pid}/fd/${fd}`);
      if (!found?.isFile() || found.nlink > 0n || found.dev !== workspace.dev) continue;
      sizes.set(found.ino, Number(found.blocks) * blockBytes);
    }
  }
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function isWorkspaceOf(pid: string, { dev, ino }: DirectoryId): boolean {
  const found = statOf(`/proc/${pid}/root${workspaceTarget}`);
  return found?.dev === dev && found.ino === ino;
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function statOf(path: string) {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
