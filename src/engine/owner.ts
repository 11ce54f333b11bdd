import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Which process owns a container or a lock. A pid alone is reused and is 1 in every container, so boot,
 * PID namespace and the process's own start time go with it; null is "not known" (not Linux).
 */
export interface Owner {
  readonly host: string;
  readonly bootId: string | null;
  readonly pidNamespace: string | null;
  readonly pid: number;
  readonly pidStart: string | null;
  /** Null where the system has none, and of an owner that did not write it down. */
  readonly uid: number | null;
}

let current: Owner | null = null;

/** Looked up once: it stays what it is as long as this process does. */
export function currentOwner(): Owner {
  return (current ??= {
    host: hostname(),
    bootId: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: attempt(() => readlinkSync('/proc/self/ns/pid')),
    pid: process.pid,
    pidStart: processStart(process.pid),
    uid: process.getuid?.() ?? null,
  });
}

/**
 * True only where it is certain: same machine, same PID namespace, and the process is not there any more. Another
 * user's may be there and not be shown (`hidepid`), unless it is root who looks.
 */
export function isDead(owner: Owner, observer: Owner): boolean {
  if (owner.host !== observer.host || owner.bootId === null || observer.bootId === null)
    return false;
  if (owner.bootId !== observer.bootId) return true;
  if (owner.pidNamespace === null || owner.pidNamespace !== observer.pidNamespace) return false;
  const mayBeHidden = owner.uid !== null && owner.uid !== observer.uid && observer.uid !== 0;
  if (mayBeHidden) return false;
  // In a batch most are its own, and it need not ask whether it lives.
  if (owner.pid === observer.pid && owner.pidStart === observer.pidStart) return false;
  return owner.pidStart !== null && processStart(owner.pid) !== owner.pidStart;
}

/** The process that asks. */
export function isOurself(owner: Owner): boolean {
  const { host, bootId, pidNamespace, pid, pidStart } = currentOwner();
  return (
    owner.host === host &&
    owner.bootId === bootId &&
    owner.pidNamespace === pidNamespace &&
    owner.pid === pid &&
    owner.pidStart === pidStart
  );
}

export type OwnerState = 'alive' | 'dead' | 'unknown';

/** `alive` and `dead` only where it is certain; nobody can tell without an observer. */
export function ownerState(owner: Owner | null, observer: Owner | null): OwnerState {
  if (owner === null || observer === null) return 'unknown';
  if (isDead(owner, observer)) return 'dead';
  const isSeen =
    owner.host === observer.host &&
    owner.bootId !== null &&
    owner.bootId === observer.bootId &&
    owner.pidNamespace !== null &&
    owner.pidNamespace === observer.pidNamespace;
  return isSeen && owner.pidStart !== null ? 'alive' : 'unknown';
}

export function parseOwner(text: string | undefined): Owner | null {
  const parsed = attempt<unknown>(() => JSON.parse(text ?? ''));
  if (typeof parsed !== 'object' || parsed === null) return null;
  const { host, bootId, pidNamespace, pid, pidStart, uid } = parsed as Record<string, unknown>;
  if (typeof host !== 'string' || typeof pid !== 'number') return null;
  const textOrNull = (value: unknown) => (typeof value === 'string' ? value : null);
  return {
    host,
    bootId: textOrNull(bootId),
    pidNamespace: textOrNull(pidNamespace),
    pid,
    pidStart: textOrNull(pidStart),
    uid: typeof uid === 'number' ? uid : null,
  };
}

/** In clock ticks since boot: field 22, counted from after the program's name, which may hold spaces. */
function processStart(pid: number): string | null {
  return attempt(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  });
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
