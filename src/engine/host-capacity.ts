import { availableParallelism, totalmem } from 'node:os';
import { readFileSync } from 'node:fs';
import type { EngineCapacity } from './engine.ts';

/** What this process may use of its host: less than there is where a container or a service limits it. */
export function hostCapacity(): EngineCapacity {
  const quotas = [cpuQuota(), availableParallelism()].filter((cpus) => cpus !== null);
  const limits = [memoryLimit(), totalmem()].filter((bytes) => bytes !== null);
  return { cpus: Math.min(...quotas), memoryBytes: Math.min(...limits) };
}

/** Of the cgroup that a container sees as its root, in either version; null where there is none. */
function cpuQuota(): number | null {
  const [quota = 'max', period] = words('/sys/fs/cgroup/cpu.max');
  if (period !== undefined) return ratio(quota, period);
  const [legacyQuota = '-1'] = words('/sys/fs/cgroup/cpu/cpu.cfs_quota_us');
  const [legacyPeriod = '0'] = words('/sys/fs/cgroup/cpu/cpu.cfs_period_us');
  return ratio(legacyQuota, legacyPeriod);
}

function memoryLimit(): number | null {
  const [limit = words('/sys/fs/cgroup/memory/memory.limit_in_bytes')[0] ?? 'max'] = words(
    '/sys/fs/cgroup/memory.max',
  );
  return positive(Number(limit));
}

function ratio(quota: string, period: string): number | null {
  return positive(Number(quota) / Number(period));
}

/** "max", -1 and what is not there are no limit. */
function positive(value: number): number | null {
  return Number.isFinite(value) && value > 0 ? value : null;
}

function words(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').trim().split(/\s+/);
  } catch {
    return [];
  }
}
