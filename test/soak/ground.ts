import { setTimeout as pause } from 'node:timers/promises';
import { runCli } from '../helpers/cli.ts';
import { OwnEngine } from '../helpers/own-engine.ts';
import { Place } from './place.ts';
import type { PlannedTask } from './plan.ts';

interface Outage {
  readonly fromMs: number;
  toMs: number;
}

/** What all tasks of a soak share: the engine, the place, and when something was wrong for all of them. */
export class Ground {
  readonly engine: OwnEngine;
  readonly place: Place;
  readonly #outages: Outage[] = [];
  engineKills = 0;

  private constructor(engine: OwnEngine, place: Place) {
    this.engine = engine;
    this.place = place;
  }

  static async prepare(): Promise<Ground> {
    return new Ground(await OwnEngine.start(), await Place.create());
  }

  /** What every client is given, whatever it runs. */
  get environment(): Record<string, string> {
    return { TMPDIR: this.place.temporary, SANDBOX_ENGINE: 'docker' };
  }

  get engineOptions(): string[] {
    return ['--image', OwnEngine.image, '--pull', 'never', '-k', '300ms', '--pids-limit', '32'];
  }

  async killEngine(): Promise<void> {
    this.engineKills += 1;
    await this.outageDuring(async () => {
      await this.engine.kill('SIGKILL');
      await this.engine.startDaemon();
    });
  }

  /** Whatever runs meanwhile may end otherwise than by itself. */
  async outageDuring(work: () => Promise<void>): Promise<void> {
    const outage: Outage = { fromMs: performance.now(), toMs: Infinity };
    this.#outages.push(outage);
    await work();
    outage.toMs = performance.now();
  }

  wasOut(fromMs: number, toMs: number): boolean {
    return this.#outages.some((outage) => outage.fromMs <= toMs && fromMs <= outage.toMs);
  }

  /** As `docker kill` does, by somebody who knows nothing of us. Whether it comes in time is not known. */
  async killContainerOf({ id, faultAfterMs }: PlannedTask): Promise<void> {
    await pause(faultAfterMs);
    await this.engine.docker
      .getContainer(`sandbox-${id}`)
      .kill()
      .catch(() => undefined);
  }

  async stop({ id, faultAfterMs }: PlannedTask): Promise<void> {
    await pause(faultAfterMs);
    await this.#sandbox(['stop', id]);
  }

  /** What killed clients left goes with the next command of ours; this one does nothing else. */
  async collectGarbage(): Promise<string> {
    return await this.#sandbox(['gc', '--receipts', this.place.receipts]);
  }

  async #sandbox(args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await runCli([...args, '--host', this.engine.host], {
      cwd: this.place.root,
      env: this.environment,
      input: '',
    });
    return `exit ${String(exitCode)}: ${stdout}${stderr}`;
  }

  async close(): Promise<void> {
    await this.engine.close();
    await this.place.remove();
  }
}
