import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { type BatchSummary, batchSummarySchema } from '../../src/receipt/batch-summary.ts';
import { type CliOptions, type CliResult, readReceipt, runCli, startCli } from './cli.ts';
import { Workspace } from './workspace.ts';

export interface BatchResult extends CliResult {
  /** Null where none was written. */
  readonly summary: BatchSummary | null;
}

/** A workspace with a batch file beside it. */
export class Batch {
  readonly workspace: Workspace;
  readonly file: string;

  private constructor(workspace: Workspace) {
    this.workspace = workspace;
    this.file = join(workspace.root, 'tasks.jsonl');
  }

  static async create(tasks: readonly unknown[]): Promise<Batch> {
    const batch = new Batch(await Workspace.create());
    await batch.rewrite(tasks);
    return batch;
  }

  async rewrite(tasks: readonly unknown[]): Promise<void> {
    await writeFile(this.file, tasks.map((task) => `${JSON.stringify(task)}\n`).join(''));
  }

  get summaryPath(): string {
    return join(this.workspace.receiptsDir, 'tasks.jsonl.batch.json');
  }

  start(args: readonly string[], options: Omit<CliOptions, 'cwd'> = {}) {
    return startCli(['batch', this.file, ...args], { ...options, cwd: this.workspace.path });
  }

  async run(args: readonly string[], options: Omit<CliOptions, 'cwd'> = {}): Promise<BatchResult> {
    const command = ['batch', this.file, ...args];
    const ended = await runCli(command, { input: '', ...options, cwd: this.workspace.path });
    return { ...ended, summary: await this.summary() };
  }

  /** Runs it with a deadline by which its first task has started, however long that takes on this machine. */
  async runToDeadline<T>(leastSeconds: number, run: (deadline: string) => Promise<T>): Promise<T> {
    for (let seconds = leastSeconds; ; seconds *= 2) {
      const ended = await run(`${seconds}s`);
      if (await this.#hasStarted()) return ended;
    }
  }

  async #hasStarted(): Promise<boolean> {
    const receipt = (await this.summary())?.tasks[0]?.receipt ?? null;
    return receipt !== null && (await readReceipt(receipt)).timing.startedAt !== null;
  }

  async summary(): Promise<BatchSummary | null> {
    const text = await readFile(this.summaryPath, 'utf8').catch(() => null);
    return text === null ? null : v.parse(batchSummarySchema, JSON.parse(text));
  }
}

/** `id status` of each task, in the order of the file. */
export function statusesOf(summary: BatchSummary | null): string[] {
  return (summary?.tasks ?? []).map(({ id, status }) => `${id} ${status}`);
}
