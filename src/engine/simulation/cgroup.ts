import type { Leftover } from '../engine.ts';
import type { Limits } from '../../spec/task-spec.ts';

/** What can hold a task to its limits. The names are the kernel's. */
export const controllers = ['memory', 'cpu', 'pids'] as const;
export type Controller = (typeof controllers)[number];

/** Limits as they were read back from the kernel; null is "not in force". */
export interface CgroupLimits {
  readonly memoryBytes: number | null;
  readonly memorySwapBytes: number | null;
  readonly cpus: number | null;
  readonly pidsLimit: number | null;
}

export const noLimits: CgroupLimits = {
  memoryBytes: null,
  memorySwapBytes: null,
  cpus: null,
  pidsLimit: null,
};

/** The kernel's own resource group around one task. */
export interface TaskCgroup {
  readonly limits: CgroupLimits;
  /** A process that writes 0 to each of these, before it runs anything, is in. */
  readonly joinFiles: readonly string[];
  /** Put before the command line of whatever is to run in it. */
  readonly launcher: readonly string[];
  /** What the launcher needs of the caller's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Tells that this process is the first one in it. */
  joined(pid: number): void;
  /** Kills for lack of memory; null where the kernel does not tell. */
  oomKills(): number | null;
  /** Kills what is in it and takes it away. Rejects where that does not succeed. */
  remove(): Promise<void>;
}

/** Where a task's cgroup can be made. */
export interface CgroupHost {
  readonly version: 1 | 2;
  readonly kind: 'cgroup' | 'systemd-scope';
  readonly controllers: readonly Controller[];
  /** `name` is unique on this machine and says who made it. */
  make(name: string, limits: Limits): Promise<TaskCgroup>;
  /** What dead owners left. */
  leftovers(): Leftover[];
}

/** In microseconds; the kernel's default. */
export const cpuPeriodUs = 100_000;

export function cpuQuotaUs(cpus: number): number {
  // The kernel takes no less than a millisecond.
  return Math.max(1_000, Math.round(cpus * cpuPeriodUs));
}
