import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CgroupHost, controllers } from './cgroup.ts';
import { readKernelFile } from './cgroup-files.ts';
import { type OwnCgroups, ownCgroups } from './cgroup-mounts.ts';
import { legacyCgroupHost } from './cgroup-v1.ts';
import { unifiedCgroupHost } from './cgroup-v2.ts';
import { systemdScopeHost } from './systemd-scope.ts';

export interface FoundCgroupHost {
  readonly host: CgroupHost | null;
  /** Why limits of memory, CPUs or processes cannot be kept; null where all can. */
  readonly reason: string | null;
}

/**
 * What can keep limits for this caller. Resource limits (setrlimit) are no substitute: RLIMIT_AS is address space
 * and not memory, and RLIMIT_NPROC counts every process of the user, not those of the task.
 */
export async function findCgroupHost(env: NodeJS.ProcessEnv): Promise<FoundCgroupHost> {
  if (process.platform !== 'linux') return { host: null, reason: 'only Linux has cgroups' };
  const mountinfo = readKernelFile('/proc/self/mountinfo') ?? '';
  const own = ownCgroups(mountinfo, readKernelFile('/proc/self/cgroup') ?? '');
  // Most of the controllers are in one of the two hierarchies.
  const candidates = [unifiedCgroupHost(own), legacyCgroupHost(own)].filter((one) => one !== null);
  const direct = candidates.sort((a, b) => b.controllers.length - a.controllers.length)[0] ?? null;
  const isWhole = direct?.controllers.length === controllers.length;
  if (direct) readyForMoves(own);
  const host = isWhole ? direct : ((await systemdScopeHost(env)) ?? direct);
  return { host, reason: whyNotAll(host) };
}

/**
 * The kernel lets no process into another cgroup before each processor has taken notice, which takes some 15 ms, and
 * for a while it remembers that they have (`cgroup_threadgroup_rwsem`). To move ourselves to where we are changes
 * nothing else, and the task need not wait for it any more.
 */
function readyForMoves({ unified, legacy }: OwnCgroups): void {
  const place = unified?.path ?? Object.values(legacy)[0];
  if (place === undefined) return;
  writeFile(join(place, 'cgroup.procs'), '0', { flag: 'r+' }).catch(() => undefined);
}

function whyNotAll(host: CgroupHost | null): string | null {
  if (!host) {
    return 'no cgroup may be made here: that needs root, a cgroup v2 that is delegated to you, or a user session of systemd';
  }
  const missing = controllers.filter((name) => !host.controllers.includes(name));
  return missing.length === 0 ? null : `no cgroup controller to be had for ${missing.join(', ')}`;
}

/** Of the system, whether or not this caller may use it. */
export function cgroupVersion(): number | null {
  if (process.platform !== 'linux') return null;
  return readKernelFile('/sys/fs/cgroup/cgroup.controllers') === null ? 1 : 2;
}
