import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readReceipt, runCli } from './cli.ts';
import { docker } from './engines.ts';
import { type FaultOf, faultyEngine } from './faulty-engine.ts';
import type { Listening } from './listening.ts';

/** The calls of a run, in their order, as they are seen on the wire. */
export const calls = {
  version: /^GET \/version$/,
  info: /^GET \/info$/,
  image: /^GET .*\/images\/[^/]+\/json/,
  networks: /^GET .*\/networks/,
  create: /^POST .*\/containers\/create/,
  attach: /^POST .*\/attach/,
  wait: /^POST .*\/wait/,
  events: /^GET .*\/events/,
  inspect: /^GET .*\/containers\/[^/]+\/json/,
  start: /^POST .*\/start$/,
  kill: /^POST .*\/kill/,
  remove: /^DELETE /,
} as const;
export type Call = keyof typeof calls;

/** One run on an engine with a fault, beside others: what belongs to it is in one directory. */
export class FaultyRun {
  static readonly all: FaultyRun[] = [];
  readonly id: string;
  readonly result: Promise<{ exitCode: number | undefined; stdout: string; stderr: string }>;
  elapsedMs = 0;
  /** How much of that had passed at the first fault; 0 where the engine was never any good. */
  faultyMs = 0;
  #startedMs = 0;
  #root = '';

  constructor(title: string, engineAt: (path: string) => Promise<Listening>) {
    this.id = `${title}-${process.pid}-${FaultyRun.all.length}`;
    this.result = this.#run(engineAt);
    // The test that it belongs to learns of a failure.
    this.result.catch(() => undefined);
    FaultyRun.all.push(this);
  }

  static on(title: string, faultOf: FaultOf): FaultyRun {
    const run: FaultyRun = new FaultyRun(title, (path) =>
      faultyEngine(path, (call) => {
        const fault = faultOf(call);
        if (fault && run.faultyMs === 0) run.faultyMs = performance.now() - run.#startedMs;
        return fault;
      }),
    );
    return run;
  }

  async #run(engineAt: (path: string) => Promise<Listening>) {
    this.#root = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
    const [cwd, path] = [join(this.#root, 'app'), join(this.#root, 'engine.sock')];
    await mkdir(cwd);
    const engine = await engineAt(path);
    // On a network that has to be looked for, so that there is such a call.
    const network = ['--network', 'bridge'];
    const args = ['--id', this.id, '--host', `unix://${path}`, '--timeout', '1s', '-k', '1s'];
    this.#startedMs = performance.now();
    try {
      return await runCli(['run', ...args, ...network, '-c', 'echo ran; exec sleep 100'], {
        cwd,
        input: '',
      });
    } finally {
      this.elapsedMs = performance.now() - this.#startedMs;
      await engine.close();
    }
  }

  async receipt() {
    await this.result;
    return await readReceipt(join(this.#root, 'app.receipts', `${this.id}.json`));
  }

  /** An engine that is frozen cannot be asked to remove anything. */
  async removeLeftovers(): Promise<void> {
    const filters = { label: [`sandbox-run.task=${this.id}`] };
    const left = await docker.listContainers({ all: true, filters });
    await Promise.all(
      left.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })),
    );
  }

  static async cleanUp(): Promise<void> {
    await Promise.allSettled(this.all.map(({ result }) => result));
    await Promise.allSettled(this.all.map((run) => run.removeLeftovers()));
    await Promise.all(this.all.map((run) => rm(run.#root, { recursive: true, force: true })));
  }
}
