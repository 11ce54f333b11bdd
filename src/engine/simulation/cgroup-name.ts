import { hostname } from 'node:os';
import { type Owner, currentOwner, isDead } from '../owner.ts';

const prefix = 'sandbox-';

/** The name says who made it, so that what a dead owner left can be told from what is in use. */
export function cgroupName(id: string, owner: Owner = currentOwner()): string {
  const pidNamespace = /\d+/.exec(owner.pidNamespace ?? '')?.[0] ?? '0';
  return `${prefix}${id}.${pidNamespace}.${owner.pid}.${owner.pidStart ?? '0'}`;
}

/** True only where it is certain that whoever made a cgroup of this name is not there any more. */
export function isAbandonedName(name: string, observer: Owner = currentOwner()): boolean {
  const [, pidNamespace, pid, pidStart] = /^sandbox-.+\.(\d+)\.(\d+)\.(\d+)$/.exec(name) ?? [];
  if (pidNamespace === undefined || pid === undefined || pidStart === undefined) return false;
  const owner: Owner = {
    // Cgroups do not outlive their boot, nor do they leave their machine.
    host: hostname(),
    bootId: observer.bootId,
    pidNamespace: `pid:[${pidNamespace}]`,
    pid: Number(pid),
    pidStart,
    uid: null,
  };
  return isDead(owner, { ...observer, host: hostname() });
}
