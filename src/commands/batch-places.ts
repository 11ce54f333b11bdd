import { basename, dirname, join, resolve } from 'node:path';
import { type Problem, SandboxFailure } from '../failure.ts';
import type { BatchSource } from '../spec/batch/batch-source.ts';
import type { BatchTask } from '../spec/batch/batch-task.ts';
import type { ResolvedBatch } from '../spec/batch/resolve-batch.ts';
import { nearestRealPath } from '../spec/receipt-path.ts';
import { writablePaths } from '../spec/task-spec.ts';
import type { CommandArgs } from './command.ts';
import { batchOnlyFlags as flags } from './flags.ts';

interface Output {
  /** As messages call it. */
  readonly title: string;
  readonly path: string;
  /** Whether what stands there is believed later, so that no task may be able to write it. */
  readonly isProof: boolean;
}

interface Asked {
  readonly args: CommandArgs;
  readonly source: BatchSource;
  readonly resolved: ResolvedBatch;
}

/**
 * Where the summary goes: beside the receipts, or where the caller says. Rejects with `invalid-settings` where two
 * things would be written to one path, or a receipt or the summary where a task of the batch could change it.
 */
export async function placeBatch(asked: Asked): Promise<{ readonly summaryPath: string }> {
  const summary = await summaryOf(asked);
  const outputs = [
    ...asked.resolved.tasks.map(({ spec }) => {
      return { title: `the receipt of ${spec.id}`, path: spec.receiptPath, isProof: true };
    }),
    summary,
    ...(await reportsOf(asked.args)),
  ];
  const problems = [...inTasks(outputs, asked.resolved.tasks), ...clashes(outputs, asked.source)];
  if (problems.length === 0) return { summaryPath: summary.path };
  const shown = problems.slice(0, mostShown);
  throw new SandboxFailure('invalid-settings', 'the paths of this batch cannot be used', {
    problems: shown,
    hint: 'SANDBOX_RECEIPT_DIR moves receipts and summary, --summary PATH the summary alone.',
  });
}

const mostShown = 10;

/** `a.json` and `a.yaml` can lie in one folder, and have two summaries. */
async function summaryOf({ args, source, resolved: { tasks } }: Asked): Promise<Output> {
  const asked = args.values[flags.summary.name];
  const besides = join(dirname(tasks[0]?.spec.receiptPath ?? ''), `${source.fullName}.batch.json`);
  if (typeof asked !== 'string') return { title: 'the summary', path: besides, isProof: true };
  return { title: '--summary', path: await realPath(asked), isProof: true };
}

async function reportsOf({ values }: CommandArgs): Promise<Output[]> {
  const given = [flags.junit, flags.report].flatMap(({ name }) => {
    const path = values[name];
    return typeof path === 'string' ? [{ title: `--${name}`, path }] : [];
  });
  const real = given.map(async ({ title, path }) => {
    return { title, path: await realPath(path), isProof: false };
  });
  return await Promise.all(real);
}

async function realPath(path: string): Promise<string> {
  const whole = resolve(path);
  return join(await nearestRealPath(dirname(whole)), basename(whole));
}

function inTasks(outputs: readonly Output[], tasks: readonly BatchTask[]): Problem[] {
  const writers = new Map(
    tasks.flatMap((task) => writablePaths(task.spec).map((path) => [path, task])),
  );
  return outputs.flatMap(({ title, path, isProof }) => {
    const place = isProof
      ? withParents(path).find((directory) => writers.has(directory))
      : undefined;
    if (place === undefined) return [];
    const writer = writers.get(place)?.spec.id ?? '';
    const message = `expected a path that no task can write to, got "${path}", which ${writer} can`;
    return [{ subject: title, message }];
  });
}

function withParents(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...withParents(parent)];
}

function clashes(outputs: readonly Output[], { path: file }: BatchSource): Problem[] {
  const taken = new Map<string, string>(file === null ? [] : [[file, 'the batch file']]);
  return outputs.flatMap(({ title, path }) => {
    const owner = taken.get(path);
    taken.set(path, owner ?? title);
    if (owner === undefined) return [];
    return [
      { subject: title, message: `expected a path of its own, got that of ${owner}: ${path}` },
    ];
  });
}
