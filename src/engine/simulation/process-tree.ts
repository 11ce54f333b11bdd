import { readFileSync, readdirSync } from 'node:fs';

/** Carried by every process of a task, so that one that left its group and session is found as well. */
export const markerVariable = 'SANDBOX_TASK';

interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
}

/** More rounds than any tree that is not growing faster than it is killed. */
const mostRounds = 50;

/**
 * Kills every process of a task: its group, its session, its descendants and whatever carries its marker.
 * Repeated until none is found, since a process may fork while it is looked for. Only Linux can be searched;
 * elsewhere the process group is what is killed.
 */
export function killTree(leader: number, marker: string): void {
  sendTo(-leader, 'SIGKILL');
  for (let round = 0; round < mostRounds; round += 1) {
    const members = findTree(leader, marker);
    if (members.length === 0) return;
    for (const pid of members) sendTo(pid, 'SIGKILL');
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

function findTree(leader: number, marker: string): number[] {
  const all = readProcesses();
  const members = new Set([leader]);
  for (const { pid, group, session } of all) {
    if (group === leader || session === leader || hasMarker(pid, marker)) members.add(pid);
  }
  let size = 0;
  while (size !== members.size) {
    size = members.size;
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid);
  }
  return all.map(({ pid }) => pid).filter((pid) => members.has(pid) && pid !== process.pid);
}

/** Living processes; a zombie has nothing left to kill. */
function readProcesses(): ProcessFacts[] {
  return numericNames('/proc').flatMap((pid) => {
    const stat = readQuietly(`/proc/${pid}/stat`);
    const [state, parent, group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (stat === '' || state === 'Z' || state === 'X') return [];
    return [{ pid, parent: Number(parent), group: Number(group), session: Number(session) }];
  });
}

function numericNames(directory: string): number[] {
  try {
    return readdirSync(directory)
      .map(Number)
      .filter((pid) => pid > 0);
  } catch {
    return [];
  }
}

function hasMarker(pid: number, marker: string): boolean {
  return readQuietly(`/proc/${pid}/environ`).split('\0').includes(`${markerVariable}=${marker}`);
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
