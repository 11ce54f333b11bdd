import { type ProcessFacts, allPids, readProcess, readQuietly, sendTo } from './process-facts.ts';

/** Carried by every process of a task, so that one that left its group and session is found as well. */
export const markerVariable = 'SANDBOX_TASK';

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
  return allPids().flatMap((pid) => {
    const found = readProcess(pid);
    return found === null || found.state === 'Z' || found.state === 'X' ? [] : [found];
  });
}

function hasMarker(pid: number, marker: string): boolean {
  return readQuietly(`/proc/${pid}/environ`).split('\0').includes(`${markerVariable}=${marker}`);
}
