import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** A process as /proc tells of it. */
export interface ProcessFacts {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** The number of the device that controls it; 0 for none. */
  readonly terminal: number;
  /** In clock ticks since boot; with the pid it names one process for good. */
  readonly startTime: string;
}

/** Null where there is no such process. */
export function readProcess(pid: number): ProcessFacts | null {
  const stat = readQuietly(`/proc/${pid}/stat`);
  if (stat === '') return null;
  // From after the program's name, which may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent, group, session, terminal] = fields;
  const startTime = fields[19] ?? '';
  return {
    ...{ pid, state, startTime },
    ...{ parent: Number(parent), group: Number(group), session: Number(session) },
    terminal: Number(terminal),
  };
}

/** False for a process that has ended and was not waited for, unless a thread of it goes on. */
export function isAlive(pid: number): boolean {
  const found = readProcess(pid);
  if (!found) return false;
  const hasEnded = found.state === 'Z' || found.state === 'X';
  return !hasEnded || namesIn(`/proc/${pid}/task`).length > 1;
}

/** Not every kernel has it (CONFIG_PROC_CHILDREN). */
const listsChildren = existsSync('/proc/thread-self/children');

/** Pids of children, the oldest first. */
export function childrenOf(pid: number): number[] {
  if (!listsChildren) {
    return allPids().filter((candidate) => readProcess(candidate)?.parent === pid);
  }
  const listed = readQuietly(`/proc/${pid}/task/${pid}/children`).trim();
  return listed === '' ? [] : listed.split(' ').map(Number);
}

export function allPids(): number[] {
  return namesIn('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
}

export function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** True when it was delivered to at least one process. */
export function sendTo(target: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(target, signal);
  } catch {
    return false;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
