import { readFile } from 'node:fs/promises';
import type { Stage } from './probe.ts';

/** The fact by which a judge finds it. */
export const hostKills = 'host-kills';

/**
 * Counts what the kernel of this host kills for memory meanwhile, for engines that do not tell. It says so always, so
 * that the task itself cannot.
 */
export async function countMemoryKills(): Promise<Stage> {
  const before = await killsSoFar();
  const after = async () => ({ facts: { [hostKills]: String((await killsSoFar()) - before) } });
  return { after };
}

/** Since it started, whoever was killed; 0 where it does not tell. */
async function killsSoFar(): Promise<number> {
  const counters = await readFile('/proc/vmstat', 'utf8').catch(() => '');
  return Number(/^oom_kill (\d+)$/m.exec(counters)?.[1] ?? 0);
}
