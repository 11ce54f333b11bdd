import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Receipt } from '../../src/receipt/receipt.ts';
import { type CliResult, binPath, readReceipt } from './cli.ts';
import { type TestEngine, chosen, clientOf, containersOf } from './engines.ts';
import { Workspace } from './workspace.ts';

let count = 0;

/** A task that means ill, on ground of its own, so that whatever it leaves can be told from what others do. */
export class HostileRun {
  readonly id = `hostile-${process.pid}-${(count += 1)}`;
  readonly workspace: Workspace;
  readonly #engine: TestEngine;

  private constructor(workspace: Workspace, engine: TestEngine) {
    this.workspace = workspace;
    this.#engine = engine;
  }

  static async on(engine: TestEngine): Promise<HostileRun> {
    const workspace = await Workspace.create();
    const run = new HostileRun(workspace, engine);
    await mkdir(run.#temporary);
    return run;
  }

  /** Runs it to its end, asserts that nothing is left, and answers with its receipt. */
  async of(...args: string[]): Promise<CliResult & { receipt: Receipt }> {
    const result = await this.workspace.run([...this.#options, ...args], { env: this.#env });
    return { ...result, receipt: await this.receipt() };
  }

  /** The same for output that is too much to keep; `onBytes` is told of the count as it grows. */
  async flood(args: readonly string[], onBytes: (bytes: number, pid: number) => void) {
    const child = spawn(binPath, ['run', ...this.#options, ...args], {
      cwd: this.workspace.path,
      env: { PATH: process.env.PATH, XDG_CONFIG_HOME: '/nonexistent', ...this.#env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const hash = createHash('sha256');
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      bytes += chunk.length;
      onBytes(bytes, child.pid ?? 0);
    });
    const [exitCode] = (await once(child, 'close')) as [number | null];
    return { exitCode, bytes, sha256: hash.digest('hex'), receipt: await this.receipt() };
  }

  async receipt(): Promise<Receipt> {
    // Locks and drafts would be beside it.
    expect(await this.workspace.receiptNames()).toEqual([`${this.id}.json`]);
    expect(await this.#containersAndNetworks()).toEqual([]);
    expect(await this.#processes()).toEqual([]);
    expect(await temporaryFiles(this.#temporary)).toEqual([]);
    return await readReceipt(join(this.workspace.receiptsDir, `${this.id}.json`));
  }

  get #temporary(): string {
    return join(this.workspace.root, 'tmp');
  }

  get #env(): Record<string, string> {
    return { TMPDIR: this.#temporary };
  }

  get #options(): string[] {
    const marked = ['-e', `HOSTILE=${this.id}.`];
    return [...chosen(this.#engine), '-q', '--network', 'none', '--id', this.id, ...marked];
  }

  async #containersAndNetworks(): Promise<string[]> {
    if (this.#engine === 'simulation') return [];
    const filters = { label: [`sandbox-run.task=${this.id}`] };
    const networks = await clientOf(this.#engine).listNetworks({ filters });
    const containers = await containersOf(this.id, this.#engine);
    return [...containers, ...networks.map(({ Name }) => Name)];
  }

  /** Whatever has the task's mark in its environment, in a container or out of it. */
  async #processes(): Promise<string[]> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const environments = pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
      return text.includes(`HOSTILE=${this.id}.`) ? [pid] : [];
    });
    return (await Promise.all(environments)).flat();
  }
}

/** What runs left in a TMPDIR of their own: folders stay, and what was found out about programs and images. */
export async function temporaryFiles(directory: string): Promise<string[]> {
  const found = await readdir(directory, { recursive: true });
  return found.filter((name) => name.split('/').length > 2 && !/identities|proven/.test(name));
}

/** The most memory that a process has held until now. */
export function peakBytes(status: string): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? NaN) * 1024;
}
