import { accessSync, constants, mkdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { isInside } from '../../spec/host-path.ts';
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
import { cgroupName } from './cgroup-name.ts';
import {
  abandonedCgroups,
  readField,
  readKernelFile,
  readNumber,
  removeCgroup,
  tryWrite,
} from './cgroup-files.ts';
import type { OwnCgroups } from './cgroup-mounts.ts';

interface Parent {
  readonly path: string;
  readonly controllers: readonly Controller[];
}

/**
 * The nearest cgroup, from our own upwards, in which a group with all controllers can be made; null where there
 * is none with any. Our own can only be one where nothing but this process is in it: the kernel takes no
 * controllers below a group that has processes.
 */
export function unifiedCgroupHost({ unified }: OwnCgroups): CgroupHost | null {
  if (!unified) return null;
  let best: Parent | null = null;
  for (const path of ancestors(unified).filter(isWritable)) {
    const parent = enableControllers(path);
    if (parent.controllers.length > (best?.controllers.length ?? 0)) best = parent;
    if (parent.controllers.length === controllers.length) break;
  }
  if (!best) return null;
  const { path, controllers: usable } = best;
  return {
    version: 2,
    kind: 'cgroup',
    controllers: usable,
    make: (name, limits) => make(join(path, name), limits),
    leftovers: () => abandonedCgroups(path),
  };
}

function ancestors({ mount, path }: NonNullable<OwnCgroups['unified']>): string[] {
  const found: string[] = [];
  for (let place = path; isInside(place, mount); place = posix.dirname(place)) found.push(place);
  return found;
}

/** Moving a process needs the right to write to the list of a common parent. */
function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    accessSync(join(path, 'cgroup.procs'), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Hands the controllers that a cgroup has to its children, where they have not got them yet. */
function enableControllers(path: string): Parent {
  const available = wordsOf(join(path, 'cgroup.controllers'));
  const wanted = controllers.filter((name) => available.includes(name));
  const control = join(path, 'cgroup.subtree_control');
  const missing = wanted.filter((name) => !wordsOf(control).includes(name));
  if (missing.length > 0) {
    const enable = () => missing.map((name) => tryWrite(control, `+${name}`)).every(Boolean);
    if (!enable() && stepAside(path)) enable();
  }
  const inForce = wordsOf(control);
  return { path, controllers: wanted.filter((name) => inForce.includes(name)) };
}

/** Where we are alone in a cgroup that is ours, as in a scope of systemd with `Delegate=yes`. */
function stepAside(path: string): boolean {
  if (readKernelFile(join(path, 'cgroup.procs')) !== String(process.pid)) return false;
  const aside = join(path, cgroupName('self'));
  try {
    mkdirSync(aside);
  } catch {
    return false;
  }
  return tryWrite(join(aside, 'cgroup.procs'), '0');
}

async function make(path: string, limits: Limits): Promise<TaskCgroup> {
  mkdirSync(path);
  try {
    setLimits(path, limits);
    return {
      limits: readUnifiedLimits(path),
      joinFiles: [join(path, 'cgroup.procs')],
      launcher: [],
      environment: {},
      joined: () => undefined,
      oomKills: () => readField(join(path, 'memory.events'), 'oom_kill'),
      remove: () => removeCgroup(path),
    };
  } catch (error) {
    await removeCgroup(path).catch(() => undefined);
    throw error;
  }
}

function setLimits(path: string, limits: Limits): void {
  const set = (file: string, value: string) => tryWrite(join(path, file), value);
  set('memory.max', String(limits.memoryBytes));
  set('memory.swap.max', '0');
  set('cpu.max', `${cpuQuotaUs(limits.cpus)} ${cpuPeriodUs}`);
  set('pids.max', String(limits.pidsLimit));
}

/** Of a cgroup of version 2, whoever made it. */
export function readUnifiedLimits(path: string): CgroupLimits {
  const memoryBytes = readNumber(join(path, 'memory.max'));
  const swapBytes = readNumber(join(path, 'memory.swap.max'));
  const [quota = 'max', period = ''] = wordsOf(join(path, 'cpu.max'));
  return {
    memoryBytes,
    // Counted together, as everywhere else.
    memorySwapBytes: memoryBytes === null || swapBytes === null ? null : memoryBytes + swapBytes,
    cpus: quota === 'max' ? null : Number(quota) / Number(period),
    pidsLimit: readNumber(join(path, 'pids.max')),
  };
}

function wordsOf(path: string): string[] {
  return readKernelFile(path)?.split(/\s+/) ?? [];
}
