import type { BigIntStats } from 'node:fs';
import type { DirectoryChain } from '../engine/directory-chain.ts';
import type { Defused } from '../receipt/receipt.ts';
import { kindOf } from './facts.ts';
import type { Observer } from './survey.ts';
import type { Entry, Unseen } from './walk.ts';

export type Danger = Defused['found'];

const setuid = 0o4000;
const setgid = 0o2000;

/** Setgid on a directory hands its group on and gives nobody a privilege. */
export function dangerOf(stats: BigIntStats): Danger | null {
  const kind = kindOf(stats);
  if (kind === 'directory' || kind === 'symlink') return null;
  return kind === 'file' ? privilegeOf(Number(stats.mode)) : kind;
}

export function privilegeOf(mode: number): 'setuid' | 'setgid' | 'setuid+setgid' | null {
  const [user, group] = [(mode & setuid) !== 0, (mode & setgid) !== 0];
  if (user && group) return 'setuid+setgid';
  return user ? 'setuid' : group ? 'setgid' : null;
}

/**
 * What was suspicious before the task began, under every directory that it can write to. The scan that fills
 * this has no limit: a task could hide behind one.
 */
export class Suspects implements Observer {
  readonly #known = new Map<string, string>();

  entry({ place, stats }: Entry, chain: DirectoryChain): void {
    if (dangerOf(stats)) this.#known.set(keyOf(chain, place.name), identityOf(stats));
  }

  unseen({ place, stats }: Unseen, chain: DirectoryChain): void {
    this.#known.set(keyOf(chain, place.name), unseenIdentity(stats));
  }

  /** Whether exactly this was there. */
  has({ place, stats }: Entry, chain: DirectoryChain): boolean {
    return this.#known.get(keyOf(chain, place.name)) === identityOf(stats);
  }

  /** Whether it could not be looked at before either, and nothing says that it was touched since. */
  wasUnseen({ place, stats }: Unseen, chain: DirectoryChain): boolean {
    return this.#known.get(keyOf(chain, place.name)) === unseenIdentity(stats);
  }
}

function keyOf(chain: DirectoryChain, name: string): string {
  return `${chain.id}/${name}`;
}

/** Whoever writes to a FIFO changes its ctime without making it another one. */
function identityOf(stats: BigIntStats): string {
  const { dev, ino, mode, uid, gid, ctimeNs } = stats;
  const isPipe = stats.isFIFO() || stats.isSocket();
  return [dev, ino, mode, uid, gid, isPipe ? '' : ctimeNs].join(':');
}

function unseenIdentity(stats: BigIntStats | null): string {
  return stats ? `unseen:${stats.dev}:${stats.ino}:${stats.ctimeNs}` : 'unseen';
}
