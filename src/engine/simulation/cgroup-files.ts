import { readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../../failure.ts';
import { deadOwner } from '../abandoned-files.ts';
import type { Leftover } from '../engine.ts';
import { isAbandonedName } from './cgroup-name.ts';

/** The content of a kernel file without the newline; null where it is not there or cannot be read. */
export function readKernelFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

/** A positive whole number; null for `max` and for anything else. */
export function readNumber(path: string): number | null {
  const text = readKernelFile(path);
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

/** `key value` lines, as in memory.events and memory.oom_control. */
export function readField(path: string, key: string): number | null {
  const value = new RegExp(`^${key} (\\d+)$`, 'm').exec(readKernelFile(path) ?? '')?.[1];
  return value === undefined ? null : Number(value);
}

/** False where the kernel refuses: what is in force is read back anyway. */
export function tryWrite(path: string, text: string): boolean {
  try {
    // Never creates: in a file system that is no cgroup's it would make a file of that name.
    writeFileSync(path, text, { flag: 'r+' });
    return true;
  } catch {
    return false;
  }
}

/** A dying process takes a moment to leave; in most cases it has left already. */
const roundsMs = [null, 0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] as const;

/** Kills everything in a cgroup and removes it. Rejects with the kernel's last word where that takes too long. */
export async function removeCgroup(path: string): Promise<void> {
  for (const [round, waitMs] of roundsMs.entries()) {
    if (waitMs !== null) {
      killAll(path);
      await delay(waitMs);
    }
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT') return;
      if (errno !== 'EBUSY' || round === roundsMs.length - 1) throw error;
    }
  }
}

/** What dead owners left in `parent`. */
export function abandonedCgroups(parent: string): Leftover[] {
  return namesIn(parent)
    .filter((name) => isAbandonedName(name))
    .map((name) => join(parent, name))
    .map((path) => {
      return { kind: 'cgroup', name: path, reason: deadOwner, remove: () => removeCgroup(path) };
    });
}

/** By one write where the kernel can (5.14), so that nothing forks away; else one by one. */
function killAll(path: string): void {
  if (tryWrite(join(path, 'cgroup.kill'), '1')) return;
  for (const pid of (readKernelFile(join(path, 'cgroup.procs')) ?? '').split('\n')) {
    // 0 is a process of another PID namespace, and would be ourselves.
    if (Number(pid) > 0) kill(Number(pid));
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself, or is somebody else's; what is left decides.
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
