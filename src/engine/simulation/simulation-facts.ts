import type { TaskSpec } from '../../spec/task-spec.ts';
import { type EnforcedLimits, type SandboxFacts, networkReaches } from '../engine.ts';
import type { Bubblewrap } from './bubblewrap.ts';
import type { Obstacle } from './bubblewrap-obstacle.ts';
import { type CgroupLimits, noLimits } from './cgroup.ts';
import type { FoundCgroupHost } from './cgroup-host.ts';

/** What simulation has at hand on this host. One of the first two is null. */
export interface Means {
  readonly bubblewrap: Bubblewrap | null;
  readonly obstacle: Obstacle | null;
  readonly cgroups: FoundCgroupHost;
}

/** With the host's network a task reaches services and abstract sockets of the host: that is no isolation. */
export function levelOf(
  { network }: Pick<TaskSpec, 'network'>,
  { bubblewrap }: Pick<Means, 'bubblewrap'>,
): 'namespace' | 'none' {
  return bubblewrap && network !== 'egress' ? 'namespace' : 'none';
}

/** What nothing stands for when a command is a plain process of the caller. */
const notEnforcedAtAll = [
  ...['memory', 'memory-swap', 'cpus', 'pids-limit', 'network', 'file-system', 'read-only-root'],
  ...['capabilities', 'no-new-privileges', 'seccomp', 'private-ipc', 'core-dumps', 'image'],
];

export function processGroupFacts(spec: TaskSpec): SandboxFacts {
  return {
    ...commonFacts(spec, noLimits),
    runtime: null,
    isolation: { level: 'none', simulated: true, loosened: [] },
    notEnforced: notEnforcedAtAll,
    network: { name: 'host', id: null, reaches: networkReaches },
  };
}

/** `limits` as read back from the kernel. */
export function bubblewrapFacts(
  spec: TaskSpec,
  bubblewrap: Bubblewrap,
  { limits, hasSeccomp }: { limits: CgroupLimits; hasSeccomp: boolean },
): SandboxFacts {
  const sharesNetwork = spec.network === 'egress';
  const checks: [name: string, holds: boolean][] = [
    ...limitChecks(spec, limits),
    ['network', !sharesNetwork],
    ['seccomp', hasSeccomp],
    ['tmpfs-size', bubblewrap.features.tmpfsSize],
    ['image', false],
  ];
  return {
    ...commonFacts(spec, limits),
    runtime: null,
    isolation: {
      level: levelOf(spec, { bubblewrap }),
      simulated: true,
      loosened: spec.writableRoot ? ['writable-root'] : [],
    },
    notEnforced: checks.filter(([, holds]) => !holds).map(([name]) => name),
    network: {
      name: sharesNetwork ? 'host' : spec.network,
      id: null,
      reaches: sharesNetwork ? networkReaches : [],
    },
  };
}

/** The kernel counts memory in pages and CPU time in microseconds. */
function limitChecks({ limits: asked }: TaskSpec, found: CgroupLimits): [string, boolean][] {
  const isMemory = (bytes: number | null) => bytes !== null && bytes <= asked.memoryBytes;
  return [
    ['memory', isMemory(found.memoryBytes)],
    ['memory-swap', isMemory(found.memorySwapBytes)],
    ['cpus', found.cpus !== null && found.cpus <= asked.cpus + 1e-5],
    ['pids-limit', found.pidsLimit !== null && found.pidsLimit <= asked.pidsLimit],
  ];
}

function commonFacts(spec: TaskSpec, limits: CgroupLimits) {
  const { timeoutMs, killAfterMs } = spec.limits;
  const enforced: EnforcedLimits = {
    ...limits,
    timeoutMs: timeoutMs === 0 ? null : timeoutMs,
    killAfterMs,
  };
  const user = process.getuid && process.getgid ? `${process.getuid()}:${process.getgid()}` : null;
  return { image: null, enforced, user, handle: null };
}
