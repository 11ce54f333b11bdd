import { execFileSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import type { TaskSpec } from '../../../src/spec/task-spec.ts';
import type { WorkspaceEnd } from '../../../src/workspace/workspace-session.ts';
import { shell, specOf } from './workspace-task.ts';

/** Why nothing can be done as another user here; null where it can. */
export const whyNotAsUser = process.geteuid?.() === 0 ? null : 'only root can become another user';

const uid = 1000;

interface UserTask extends Partial<TaskSpec> {
  readonly task: string;
  readonly applied?: boolean;
}

/**
 * One task of a caller who is not root, with the whole workspace and the place of receipts being that caller's.
 * `prepare` runs as root before.
 */
export async function runAsUser(
  workspace: string,
  { task, applied = false, ...spec }: UserTask,
  prepare = 'true',
): Promise<WorkspaceEnd> {
  const root = dirname(workspace);
  const driver = join(root, 'driver.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'workspace-driver.ts')],
    outfile: driver,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
  await chmod(root, 0o755);
  shell(`chown -hR ${uid}:${uid} . ../app.receipts; ${prepare}`, workspace);
  const ids = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  const json = JSON.stringify(specOf(workspace, spec));
  const command = [process.execPath, driver, json, task, String(applied)];
  const output = execFileSync('setpriv', [...ids, '--', ...command], {
    cwd: '/',
    encoding: 'utf8',
    stdio: 'pipe',
  });
  return JSON.parse(output) as WorkspaceEnd;
}
