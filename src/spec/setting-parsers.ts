import { posix } from 'node:path';
import { parseBytes } from './bytes.ts';
import { ownNetworks, workspaceTarget } from './choices.ts';
import { Expectation } from './expectation.ts';
import { nearestOf } from './nearest.ts';

/** The engine's own least memory for a container. */
const leastMemoryBytes = 6 * 1024 ** 2;

export function nonEmpty(expected: string) {
  return (text: string): string => {
    if (text === '' || text.includes('\0')) throw new Expectation(expected, text);
    return text;
  };
}

export function oneOf<const Choice extends string>(choices: readonly Choice[]) {
  return (text: string): Choice => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice !== undefined) return choice;
    throw new Expectation(`one of ${choices.join(', ')}`, text, nearestOf(text, choices));
  };
}

export function parseBoolean(text: string): boolean {
  return oneOf(['true', 'false'])(text) === 'true';
}

export function parseMemory(text: string): number {
  const bytes = parseBytes(text);
  if (bytes < leastMemoryBytes) throw new Expectation('a size of at least 6m', text);
  return bytes;
}

export function parseCpus(text: string): number {
  const cpus = /^(\d+(\.\d+)?|\.\d+)$/.test(text) ? Number(text) : 0;
  if (cpus < 0.01 || cpus > 100_000) {
    throw new Expectation('a number of CPUs such as 0.5 or 2 (at least 0.01)', text);
  }
  return cpus;
}

export function parsePidsLimit(text: string): number {
  const pids = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (pids < 1) throw new Expectation('a number of processes of at least 1', text);
  return pids;
}

export function parseUser(text: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/.test(text)) return text;
  throw new Expectation('a user such as 1000:1000 or nobody', text);
}

export function parseRuntime(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text)) return text;
  throw new Expectation('the name of a runtime that the engine knows, such as runsc', text);
}

export function parsePlatform(text: string): string {
  if (/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/.test(text)) return text;
  throw new Expectation('OS/ARCH, such as linux/amd64', text);
}

/** Relative to the workspace. */
export function parseWorkdir(text: string): string {
  if (text !== '' && !text.includes('\0')) return posix.resolve(workspaceTarget, text);
  throw new Expectation('a directory, as the task sees it', text);
}

export function parseNetwork(text: string): string {
  const expected = `${[...ownNetworks].reverse().join(', ')} or the name of an existing network`;
  if (text === 'host') {
    throw new Expectation(`${expected} (host would share the host's network)`, text);
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text)) throw new Expectation(expected, text);
  return text;
}

export function networkWidth(name: string): number {
  const index = ownNetworks.findIndex((own) => own === name);
  return index === -1 ? ownNetworks.length : index;
}
