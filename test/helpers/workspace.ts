import { mkdtemp, mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Receipt } from '../../src/receipt/receipt.ts';
import { type CliOptions, type CliResult, readReceipt, runCli, startCli } from './cli.ts';

/** A fresh workspace with room beside it for its receipts; gone when the test is. */
export class Workspace {
  readonly path: string;
  readonly root: string;

  private constructor(root: string, name: string) {
    this.root = root;
    this.path = join(root, name);
  }

  static async create(name = 'app'): Promise<Workspace> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'sandbox-test-')));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    const workspace = new Workspace(root, name);
    await mkdir(workspace.path);
    return workspace;
  }

  get receiptsDir(): string {
    return `${this.path}.receipts`;
  }

  /** The names of the receipts, and of anything that should not be beside them. */
  async receiptNames(): Promise<string[]> {
    return await readdir(this.receiptsDir).catch(() => []);
  }

  /** The only receipt there is. */
  async receipt(): Promise<Receipt> {
    const names = await this.receiptNames();
    if (names.length !== 1) throw new Error(`expected one receipt, found ${names.join(', ')}`);
    return await readReceipt(join(this.receiptsDir, names[0] ?? ''));
  }

  async run(args: readonly string[], options: Omit<CliOptions, 'cwd'> = {}): Promise<CliResult> {
    return await runCli(['run', ...args], { input: '', ...options, cwd: this.path });
  }

  start(args: readonly string[], options: Omit<CliOptions, 'cwd'> = {}) {
    return startCli(['run', ...args], { ...options, cwd: this.path });
  }
}
