import { readdirSync } from 'node:fs';
import { readQuietly } from './process-facts.ts';

const closeOnExec = 0o2000000;

/**
 * Descriptors that whoever started us left open and that a child would get, too: one of a directory would lead a
 * task out of its sandbox. Node.js marks its own, and the low ones of others.
 */
export function inheritedFds(): number[] {
  return namesIn('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && isInherited(readQuietly(`/proc/self/fdinfo/${fd}`)));
}

function isInherited(fdinfo: string): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(fdinfo)?.[1];
  return flags !== undefined && (parseInt(flags, 8) & closeOnExec) === 0;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
