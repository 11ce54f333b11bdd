import Docker from 'dockerode';
import { describe } from 'vitest';
import type { EngineName } from '../../src/spec/choices.ts';
import { dockerDriver } from '../../src/engine/docker/connect.ts';
import { messageOf } from '../../src/failure.ts';

export const docker = new Docker({ socketPath: '/var/run/docker.sock' });

const promised = (process.env.SANDBOX_TEST_ENGINES ?? '').split(',');

/** Why the engine's tests cannot run, or null. An engine that was promised is never missing quietly. */
async function whyMissing(engine: EngineName): Promise<string | null> {
  if (engine === 'simulation') return null;
  const cancel = new AbortController().signal;
  try {
    await (await dockerDriver.connect({ host: null, context: null, env: {}, cancel })).close();
    return null;
  } catch (error) {
    if (promised.includes(engine)) throw error;
    return messageOf(error);
  }
}

const missing = { docker: await whyMissing('docker'), simulation: null };

/** A suite that needs an engine: skipped with the reason, or failed where the engine was promised. */
export function describeOn(engine: EngineName, title: string, suite: () => void): void {
  const reason = missing[engine];
  if (reason === null) describe(`[${engine}] ${title}`, suite);
  else describe.skip(`[${engine}] ${title} (skipped: ${reason})`, suite);
}

/** The same suite on every engine. */
export function describeOnEach(title: string, suite: (engine: EngineName) => void): void {
  for (const engine of ['docker', 'simulation'] as const) {
    describeOn(engine, title, () => suite(engine));
  }
}

/** Names of the containers that carry our label and this task's id. */
export async function containersOf(id: string): Promise<string[]> {
  const filters = { label: [`sandbox-run.task=${id}`] };
  const found = await docker.listContainers({ all: true, filters });
  return found.map(({ Names }) => Names.join());
}
