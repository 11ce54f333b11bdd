import Docker from 'dockerode';
import { beforeEach, describe } from 'vitest';
import type { EngineName } from '../../src/spec/choices.ts';
import { dockerDriver } from '../../src/engine/docker/connect.ts';
import { messageOf } from '../../src/failure.ts';
import { differenceOf } from './differences.ts';

export const docker = new Docker({ socketPath: '/var/run/docker.sock' });

/** Where the Podman of test/engine/with-podman.sh listens. */
const podmanHost = process.env.SANDBOX_TEST_PODMAN ?? null;

/** The same as a path. */
export const podmanSocket = (podmanHost ?? '').replace(/^unix:\/\//, '');

/** What the conformance tests run on; Podman is reached by the engine `docker`. */
export type TestEngine = 'docker' | 'podman' | 'simulation';

/** The arguments that choose an engine. */
export function chosen(engine: TestEngine): string[] {
  if (engine !== 'podman') return ['--engine', engine];
  return ['--engine', 'docker', '--host', podmanHost ?? 'unix:///nowhere'];
}

const promised = (process.env.SANDBOX_TEST_ENGINES ?? '').split(',');

/** Why the engine's tests cannot run, or null. An engine that was promised is never missing quietly. */
async function whyMissing(engine: 'docker' | 'podman'): Promise<string | null> {
  const cancel = new AbortController().signal;
  try {
    if (engine === 'podman' && podmanHost === null) throw new Error('run `npm run test:podman`');
    const host = engine === 'podman' ? podmanHost : null;
    await (await dockerDriver.connect({ host, context: null, env: {}, cancel })).close();
    return null;
  } catch (error) {
    if (promised.includes(engine)) throw error;
    return messageOf(error);
  }
}

const missing = {
  docker: await whyMissing('docker'),
  podman: await whyMissing('podman'),
  simulation: null,
};

/** A suite that needs an engine: skipped with the reason, or failed where the engine was promised. */
export function describeOn(engine: TestEngine, title: string, suite: () => void): void {
  const reason = missing[engine];
  if (reason === null) describe(`[${engine}] ${title}`, suite);
  else describe.skip(`[${engine}] ${title} (skipped: ${reason})`, suite);
}

/** The same suite on Docker and on simulation. */
export function describeOnEach(title: string, suite: (engine: EngineName) => void): void {
  for (const engine of ['docker', 'simulation'] as const) {
    describeOn(engine, title, () => suite(engine));
  }
}

/** The same suite on everything that runs tasks: what holds on one of them only is not what a task may rely on. */
export function describeOnAll(title: string, suite: (engine: TestEngine) => void): void {
  for (const engine of ['docker', 'podman', 'simulation'] as const) {
    describeOn(engine, title, () => {
      beforeEach(({ task, skip }) => {
        const difference = differenceOf(engine, task.name);
        if (difference !== null) skip(difference);
      });
      suite(engine);
    });
  }
}

/** Names of the containers that carry our label and this task's id. */
export async function containersOf(id: string, engine: TestEngine = 'docker'): Promise<string[]> {
  const filters = { label: [`sandbox-run.task=${id}`] };
  const found = await clientOf(engine).listContainers({ all: true, filters });
  return found.map(({ Names }) => Names.join());
}

/** Simulation has none. */
export function clientOf(engine: TestEngine): Docker {
  if (engine !== 'podman') return docker;
  return new Docker({ socketPath: podmanSocket });
}

/** Engine 20.10 loses the event of a kill for lack of memory now and then while other tests run (README, Limitations). */
export const mayLoseEvents = { retry: 3 } as const;
