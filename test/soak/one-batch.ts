import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startCli } from '../helpers/cli.ts';
import type { Ground } from './ground.ts';
import type { Ended } from './one-run.ts';
import type { PlannedTask } from './plan.ts';
import { commandOf, scriptOf } from './tasks.ts';
import { untruths } from './truth.ts';

export interface Sample {
  readonly ended: number;
  readonly rssBytes: number;
  readonly openFiles: number;
}

export interface BatchEnd {
  readonly tasks: readonly Ended[];
  /** Of the last process of the batch, each as one of its tasks ended. */
  readonly samples: readonly Sample[];
  readonly exitCodes: readonly (number | null)[];
  readonly stderr: string;
}

/** One `sandbox batch` of all of them, killed now and then and resumed, until it comes to its end. */
export class SoakBatch {
  readonly #tasks: ReadonlyMap<string, PlannedTask>;
  readonly #ground: Ground;
  readonly #jobs: number;
  readonly #kills: number[];
  readonly #startedMs = new Map<string, number>();
  readonly #harmed = new Set<string>();
  readonly #outages = new Set<string>();
  readonly #ended = new Set<string>();
  readonly #runs = new Map<string, number>();
  readonly #harming: Promise<void>[] = [];
  #samples: Sample[] = [];

  constructor(
    tasks: readonly PlannedTask[],
    ground: Ground,
    { jobs, kills }: { readonly jobs: number; readonly kills: readonly number[] },
  ) {
    this.#tasks = new Map(tasks.map((task) => [task.id, task]));
    this.#ground = ground;
    this.#jobs = jobs;
    this.#kills = [...kills];
  }

  async run(): Promise<BatchEnd> {
    const file = await this.#write();
    const ends = [await this.#process(file, false)];
    while (ends.at(-1)?.exitCode === null) ends.push(await this.#process(file, true));
    await Promise.all(this.#harming);
    const exitCodes = ends.map(({ exitCode }) => exitCode);
    const stderr = ends.at(-1)?.stderr ?? '';
    return { tasks: await this.#judge(), samples: this.#samples, exitCodes, stderr };
  }

  async #write(): Promise<string> {
    const lines: string[] = [];
    for (const task of this.#tasks.values()) {
      const workspace = this.#ground.place.workspaceOf(task);
      await mkdir(workspace);
      const { timeout, memory } = scriptOf(task);
      lines.push(
        JSON.stringify({ id: task.id, command: commandOf(task), workspace, timeout, memory }),
      );
    }
    const file = join(this.#ground.place.root, 'soak.jsonl');
    await writeFile(file, lines.map((line) => `${line}\n`).join(''));
    return file;
  }

  async #process(file: string, isResumed: boolean) {
    const { place, engine, engineOptions, environment } = this.#ground;
    const how = ['-j', `${this.#jobs}`, '--json', ...(isResumed ? ['--resume'] : [])];
    const where = ['--receipt', place.receipts, '--host', engine.host];
    const args = ['batch', file, ...how, ...where, ...engineOptions];
    const running = startCli(args, { cwd: place.root, env: environment, input: '' });
    this.#samples = [];
    const lines = createInterface({ input: running.stdout });
    lines.on('line', (line) => this.#take(line, running));
    const { exitCode, stderr } = await running;
    return { exitCode: exitCode ?? null, stderr: Buffer.from(stderr).toString() };
  }

  #take(line: string, running: ReturnType<typeof startCli>): void {
    const event = JSON.parse(line) as { event: string; id?: string; reused?: boolean };
    const task = this.#tasks.get(event.id ?? '');
    if (!task) return;
    if (event.event === 'task-started') this.#start(task);
    if (event.event !== 'task-ended' || event.reused === true) return;
    this.#ended.add(task.id);
    if (this.#ground.wasOut(this.#startedMs.get(task.id) ?? 0, performance.now()))
      this.#outages.add(task.id);
    void this.#sample(running.pid ?? 0);
    const [next] = this.#kills;
    if (next === undefined || this.#ended.size < next) return;
    this.#kills.shift();
    running.kill('SIGKILL');
  }

  #start(task: PlannedTask): void {
    this.#startedMs.set(task.id, performance.now());
    this.#runs.set(task.id, (this.#runs.get(task.id) ?? 0) + 1);
    if (task.fault === 'none' || this.#harmed.has(task.id)) return;
    this.#harmed.add(task.id);
    const harm =
      task.fault === 'killed-outside'
        ? this.#ground.killContainerOf(task)
        : this.#ground.stop(task);
    this.#harming.push(harm);
  }

  async #sample(pid: number): Promise<void> {
    const ended = this.#ended.size;
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
    const files = await readdir(`/proc/${pid}/fd`).catch(() => null);
    if (kib === undefined || files === null) return;
    this.#samples.push({ ended, rssBytes: Number(kib) * 1024, openFiles: files.length });
  }

  async #judge(): Promise<Ended[]> {
    return await Promise.all([...this.#tasks.values()].map((task) => this.#judgeOne(task)));
  }

  async #judgeOne(task: PlannedTask): Promise<Ended> {
    const runs = this.#runs.get(task.id) ?? 0;
    const receipt = await this.#ground.place.receiptOf(task);
    if (receipt === null) {
      const what = 'has no receipt';
      return { task, status: what, runs, untruths: [`${task.id} (${task.fault}) ${what}`] };
    }
    const hasWitness = await this.#ground.place.hasWitness(task);
    const metOutage = this.#outages.has(task.id);
    const seen = { receipt, exitCode: null, hasWitness, metOutage };
    return { task, status: receipt.status, runs, untruths: untruths(task, seen) };
  }
}
