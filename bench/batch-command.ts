import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './process.ts';
import type { Bench } from './row.ts';
import { nextId } from './same-task.ts';

export const noBatch = '`sandbox batch` is not there in this build';

export async function hasBatch({ sandbox, workspace }: Bench): Promise<boolean> {
  return await runProgram([sandbox, 'batch', '--help'], { cwd: workspace }).then(
    () => true,
    () => false,
  );
}

export interface Batch {
  readonly tasks: number;
  readonly jobs: number;
  readonly options?: readonly string[];
}

/** Writes the file of a batch of trivial tasks and answers the command for it. */
export async function batchCommand(bench: Bench, { tasks, jobs, options = [] }: Batch) {
  const prefix = nextId();
  const lines = Array.from({ length: tasks }, (_, index) =>
    JSON.stringify({ id: `${prefix}-${index}`, command: ['true'] }),
  );
  const file = join(bench.scratch, 'tasks.jsonl');
  await writeFile(file, lines.map((line) => `${line}\n`).join(''));
  const argv = [bench.sandbox, 'batch', file, '-j', `${jobs}`, '-q', ...options];
  return [...argv, '--workspace', bench.workspace];
}

/** Receipts of thousands of tasks in one directory would make each later one slower to write. */
export async function removeReceipts({ workspace }: Bench): Promise<void> {
  await rm(`${workspace}.receipts`, { recursive: true, force: true });
}
