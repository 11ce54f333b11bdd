import { lstatSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type ByteName, bytesOfText } from '../engine/byte-name.ts';
import { isInside } from '../spec/host-path.ts';
import { type TaskSpec, writableSources } from '../spec/task-spec.ts';

/** A place on the host, besides the workspace, that a task can write to. */
export interface WritableRoot {
  /** As the receipt names it. */
  readonly path: string;
  readonly directory: string;
  /** Set where the task sees one file of the directory. */
  readonly only?: ByteName;
}

/** Without those that lie in the workspace (where it is writable) or in each other: they are walked with it. */
export function writableRoots(spec: TaskSpec): WritableRoot[] {
  const walked = spec.workspaceMode === 'rw' ? [spec.workspace] : [];
  const roots: WritableRoot[] = [];
  for (const path of [...new Set(writableSources(spec.mounts))].sort()) {
    if (walked.some((directory) => isInside(path, directory))) continue;
    walked.push(path);
    roots.push(rootOf(path));
  }
  return roots;
}

function rootOf(path: string): WritableRoot {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found || found.isDirectory()) return { path, directory: path };
  return { path, directory: dirname(path), only: bytesOfText(basename(path)) };
}
