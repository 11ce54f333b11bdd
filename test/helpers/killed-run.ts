import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { containersOf, docker } from './engines.ts';
import { secretsDirectory } from '../../src/engine/secrets-directory.ts';
import type { CliResult } from './cli.ts';
import { runCli } from './cli.ts';
import { Workspace } from './workspace.ts';

/** A task whose sandbox is killed, with everything that it leaves in places of its own. */
export class KilledRun {
  readonly id: string;
  readonly workspace: Workspace;
  readonly #TMPDIR: string;

  private constructor(id: string, place: { workspace: Workspace; TMPDIR: string }) {
    this.id = id;
    this.workspace = place.workspace;
    this.#TMPDIR = place.TMPDIR;
  }

  static async create(title: string): Promise<KilledRun> {
    const id = `killed-${title}-${process.pid}`;
    const TMPDIR = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
    onTestFinished(async () => {
      const left = await docker.listContainers({
        all: true,
        filters: { label: [`sandbox-run.task=${id}`] },
      });
      await Promise.all(left.map(({ Id }) => docker.getContainer(Id).remove({ force: true })));
      await execa('rm', ['-rf', TMPDIR]);
    });
    return new KilledRun(id, { workspace: await Workspace.create(), TMPDIR });
  }

  /** With a secret, so that there is one to be left. */
  start(args: readonly string[]) {
    const all = ['--id', this.id, '--secret', 'TOKEN', ...args];
    const env = { TMPDIR: this.#TMPDIR, TOKEN: 'secret-of-a-killed-run' };
    const running = this.workspace.start(all, { env });
    onTestFinished(() => void running.kill('SIGKILL'));
    return running;
  }

  async gc(...args: readonly string[]): Promise<CliResult> {
    return await runCli(['gc', ...args], {
      cwd: this.workspace.path,
      env: { TMPDIR: this.#TMPDIR },
    });
  }

  async run(...args: readonly string[]): Promise<CliResult> {
    return await this.workspace.run(args, { env: { TMPDIR: this.#TMPDIR } });
  }

  /** Everything that names it: containers, and files but for its receipt. */
  async left(): Promise<string[]> {
    const [containers, temporary, beside, secrets] = await Promise.all([
      containersOf(this.id),
      readdir(this.#TMPDIR, { recursive: true }),
      this.workspace.receiptNames(),
      readdir(await secretsDirectory()).catch(() => []),
    ]);
    const names = [...temporary, ...beside, ...secrets];
    return [...containers, ...names.filter((name) => name.includes(this.id))].filter(
      (name) => name !== `${this.id}.json`,
    );
  }
}

/** What the engine tells of one task, from before it is made. */
export class TaskEvents {
  readonly #seen: string[] = [];
  #onEvent: () => void = () => undefined;

  static async of(id: string): Promise<TaskEvents> {
    const filters = JSON.stringify({ type: ['container'], container: [`sandbox-${id}`] });
    const stream = Readable.from(await docker.getEvents({ filters }));
    onTestFinished(() => void stream.destroy());
    const events = new TaskEvents();
    createInterface({ input: stream }).on('line', (line) => {
      events.#seen.push((JSON.parse(line) as { Action: string }).Action);
      events.#onEvent();
    });
    return events;
  }

  /** Resolves once there was one that begins so. */
  async seen(event: string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onEvent = () => {
        if (this.#seen.some((one) => one.startsWith(event))) resolve();
      };
      this.#onEvent();
    });
  }
}
