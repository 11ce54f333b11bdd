import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Limits } from '../../spec/task-spec.ts';
import {
  type CgroupHost,
  type CgroupLimits,
  type Controller,
  type TaskCgroup,
  controllers,
  cpuPeriodUs,
  cpuQuotaUs,
} from './cgroup.ts';
import { readField, readNumber, removeCgroup, abandonedCgroups, tryWrite } from './cgroup-files.ts';
import type { OwnCgroups } from './cgroup-mounts.ts';

/** Controllers of version 1 that this process may make groups in, below its own; null where there are none. */
export function legacyCgroupHost({ legacy }: OwnCgroups): CgroupHost | null {
  const usable = controllers.filter((name) => isWritable(legacy[name]));
  if (usable.length === 0) return null;
  const parents = new Map(usable.map((name) => [name, legacy[name] ?? '']));
  return {
    version: 1,
    kind: 'cgroup',
    controllers: usable,
    make: (name, limits) => make(parents, { name, limits }),
    leftovers: () => [...new Set(parents.values())].flatMap(abandonedCgroups),
  };
}

type Places = ReadonlyMap<Controller, string>;

async function make(parents: Places, { name, limits }: { name: string; limits: Limits }) {
  const places: Places = new Map(
    [...parents].map(([controller, parent]) => [controller, join(parent, name)]),
  );
  // Controllers may share one hierarchy.
  const paths = [...new Set(places.values())];
  try {
    for (const path of paths) mkdirSync(path);
    setLimits(places, limits);
    return legacyCgroup(places, paths);
  } catch (error) {
    await removeAll(paths).catch(() => undefined);
    throw error;
  }
}

function legacyCgroup(places: Places, paths: readonly string[]): TaskCgroup {
  const memory = places.get('memory');
  return {
    limits: readLimits(places),
    joinFiles: paths.map((path) => join(path, 'cgroup.procs')),
    launcher: [],
    environment: {},
    joined: () => undefined,
    oomKills: () =>
      memory === undefined ? null : readField(join(memory, 'memory.oom_control'), 'oom_kill'),
    remove: () => removeAll(paths),
  };
}

function setLimits(places: Places, limits: Limits): void {
  const set = (controller: Controller, file: string, value: number) => {
    const place = places.get(controller);
    if (place !== undefined) tryWrite(join(place, file), String(value));
  };
  set('memory', 'memory.limit_in_bytes', limits.memoryBytes);
  // Memory and swap together.
  set('memory', 'memory.memsw.limit_in_bytes', limits.memoryBytes);
  set('cpu', 'cpu.cfs_period_us', cpuPeriodUs);
  set('cpu', 'cpu.cfs_quota_us', cpuQuotaUs(limits.cpus));
  set('pids', 'pids.max', limits.pidsLimit);
}

function readLimits(places: Places): CgroupLimits {
  const read = (controller: Controller, file: string) => {
    const place = places.get(controller);
    return place === undefined ? null : readNumber(join(place, file));
  };
  const quotaUs = read('cpu', 'cpu.cfs_quota_us');
  const periodUs = read('cpu', 'cpu.cfs_period_us');
  return {
    memoryBytes: belowNoLimit(read('memory', 'memory.limit_in_bytes')),
    memorySwapBytes: belowNoLimit(read('memory', 'memory.memsw.limit_in_bytes')),
    cpus: quotaUs === null || periodUs === null ? null : quotaUs / periodUs,
    pidsLimit: read('pids', 'pids.max'),
  };
}

/** "No limit" is written as the largest number of whole pages. */
function belowNoLimit(bytes: number | null): number | null {
  return bytes === null || bytes >= 2 ** 62 ? null : bytes;
}

async function removeAll(paths: readonly string[]): Promise<void> {
  await Promise.all(paths.map(removeCgroup));
}

function isWritable(path: string | undefined): boolean {
  if (path === undefined) return false;
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    // A joining process must be allowed to write to the new group's list, which it owns; leaving needs nothing.
    return true;
  } catch {
    return false;
  }
}
