import { basename, join } from 'node:path';
import type { Limits } from '../../spec/task-spec.ts';
import {
  type CgroupHost,
  type CgroupLimits,
  type TaskCgroup,
  controllers,
  noLimits,
} from './cgroup.ts';
import { readField, readKernelFile } from './cgroup-files.ts';
import { ownCgroups } from './cgroup-mounts.ts';
import { readUnifiedLimits } from './cgroup-v2.ts';
import { runProgram } from './run-program.ts';

const program = '/usr/bin/systemd-run';
const probeLimitMs = 3_000;

/**
 * A scope of the caller's own systemd, where it has one that answers; null otherwise. It is gone by itself when
 * the last process in it is.
 */
export async function systemdScopeHost(env: NodeJS.ProcessEnv): Promise<CgroupHost | null> {
  const bus = busEnvironment(env);
  if (bus === null) return null;
  const probe = [program, ...scopeArguments(null, probeLimits), '/bin/sh', '-c', ':'];
  const answer = await runProgram(probe, { limitMs: probeLimitMs, env: bus });
  if (answer.exitCode !== 0) return null;
  return {
    version: 2,
    kind: 'systemd-scope',
    controllers,
    make: (name, limits) => Promise.resolve(new Scope(name, limits, bus)),
    leftovers: () => [],
  };
}

const probeLimits = { memoryBytes: 64 * 1024 ** 2, cpus: 1, pidsLimit: 16 };

/** Where the user's own service manager is found. */
function busEnvironment({ XDG_RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS }: NodeJS.ProcessEnv) {
  if (process.platform !== 'linux' || XDG_RUNTIME_DIR === undefined) return null;
  return {
    XDG_RUNTIME_DIR,
    ...(DBUS_SESSION_BUS_ADDRESS === undefined ? {} : { DBUS_SESSION_BUS_ADDRESS }),
  };
}

function scopeArguments(
  unit: string | null,
  { memoryBytes, cpus, pidsLimit }: Pick<Limits, 'memoryBytes' | 'cpus' | 'pidsLimit'>,
): string[] {
  const properties = [
    `MemoryMax=${memoryBytes}`,
    'MemorySwapMax=0',
    `CPUQuota=${(cpus * 100).toFixed(2)}%`,
    `TasksMax=${pidsLimit}`,
  ];
  return [
    ...['--user', '--scope', '--quiet', '--collect'],
    ...(unit === null ? [] : [`--unit=${unit}.scope`]),
    ...properties.flatMap((property) => ['-p', property]),
    '--',
  ];
}

class Scope implements TaskCgroup {
  readonly joinFiles = [];
  readonly launcher: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  #path: string | null = null;

  constructor(name: string, limits: Limits, bus: Record<string, string>) {
    this.launcher = [program, ...scopeArguments(name, limits)];
    this.environment = bus;
  }

  /** Known once something is in it. */
  get limits(): CgroupLimits {
    return this.#path === null ? noLimits : readUnifiedLimits(this.#path);
  }

  joined(pid: number): void {
    const membership = readKernelFile(`/proc/${pid}/cgroup`) ?? '';
    const mountinfo = readKernelFile('/proc/self/mountinfo') ?? '';
    const place = ownCgroups(mountinfo, membership).unified?.path;
    // What is not a scope of ours is somebody else's, limits and all.
    this.#path = place?.endsWith('.scope') && basename(place).startsWith('sandbox-') ? place : null;
  }

  oomKills(): number | null {
    return this.#path === null ? null : readField(join(this.#path, 'memory.events'), 'oom_kill');
  }

  /** systemd takes it away. */
  remove(): Promise<void> {
    return Promise.resolve();
  }
}
