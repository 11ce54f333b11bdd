import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { WorkspaceChange } from '../../../src/receipt/receipt.ts';
import type { TaskSpec } from '../../../src/spec/task-spec.ts';
import { type WorkspaceLimits, workspaceLimits } from '../../../src/workspace/limits.ts';
import { type WorkspaceEnd, WorkspaceSession } from '../../../src/workspace/workspace-session.ts';
import { taskSpec } from './task-spec.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/**
 * A workspace with a place for receipts beside it; `script` is what was in it before. A run counts what changed
 * in the millisecond it began in as the task's, so this lets that pass.
 */
export async function workspaceWith(script: string): Promise<string> {
  const path = join(await temporaryDirectory(), 'app');
  await mkdir(path);
  await mkdir(`${path}.receipts`, { mode: 0o700 });
  shell(script, path);
  const madeMs = Date.now();
  await vi.waitUntil(() => Date.now() > madeMs, { interval: 1 });
  return path;
}

export function shell(script: string, cwd: string): string {
  const env = { PATH: process.env.PATH, LC_ALL: 'C' };
  return execFileSync('bash', ['--norc', '-euc', script], { cwd, env, encoding: 'utf8' });
}

export function specOf(workspace: string, changes: Partial<TaskSpec> = {}): TaskSpec {
  const receiptPath = join(`${workspace}.receipts`, 'task.json');
  return taskSpec({ workspace, receiptPath, ...changes });
}

interface Task extends Partial<TaskSpec> {
  /** Of looking, not of the task. */
  readonly looks?: Partial<WorkspaceLimits>;
  /** What the task does, in the directory that it is shown. */
  readonly task: string | ((shown: string) => unknown);
  readonly applied?: boolean;
  /** What somebody else does meanwhile, in the workspace itself. */
  readonly meanwhile?: string;
}

/** One task from the first look at its workspace to the last, without an engine. */
export async function runIn(
  workspace: string,
  { task, applied = false, meanwhile, looks, ...spec }: Task,
): Promise<WorkspaceEnd> {
  const session = WorkspaceSession.open(specOf(workspace, spec), {
    ...workspaceLimits,
    ...looks,
  });
  await session.ready();
  const shown = await session.path;
  if (typeof task === 'string') shell(task, shown);
  else await task(shown);
  if (meanwhile !== undefined) shell(meanwhile, workspace);
  return await session.finish({ apply: applied });
}

/** `+ added`, `~ changed`, `- removed`, in the order of the receipt. */
export function linesOf({ report: { changes } }: WorkspaceEnd): string[] {
  if (!changes) throw new Error('there is no manifest');
  const lines = (sign: string, list: readonly WorkspaceChange[]) =>
    list.map(({ path, pathBase64 }) => `${sign} ${path ?? `base64:${pathBase64 ?? ''}`}`);
  return [
    ...lines('+', changes.added),
    ...lines('~', changes.changed),
    ...lines('-', changes.removed),
  ];
}
