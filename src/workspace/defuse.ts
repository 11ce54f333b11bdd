import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  unlinkSync,
} from 'node:fs';
import { type DirectoryChain, openPathOnly } from '../engine/directory-chain.ts';
import { errnoOf } from '../failure.ts';
import type { Defused } from '../receipt/receipt.ts';
import { type ListBudget, namedPath } from './listing.ts';
import { shortPathOf } from './place-path.ts';
import { type Suspects, dangerOf, privilegeOf } from './suspects.ts';
import type { Observer } from './survey.ts';
import type { Entry, Place, Unseen } from './walk.ts';

interface Root {
  readonly path: string;
  readonly suspects: Suspects;
  /** What has changed since then may be a task's, whoever saw it first; null where only ours could write. */
  readonly sinceNs: bigint | null;
  /** The task had another uid than we have, so it may have written where we cannot look. */
  readonly isForeign: boolean;
}

/** Makes harmless what a task left that could serve it on the host, and remembers what it did. */
export class Defuser implements Observer {
  readonly defused: Defused[] = [];
  /** What is still there, or may be: paths relative to the root. */
  readonly unsafe: string[] = [];
  /** What was made harmless and is not in `defused`, which would grow endlessly. */
  unlisted = 0;
  readonly #root: Root;
  readonly #list: ListBudget;
  /** Modes of files with several names: those met later show no bits any more. */
  readonly #cleared = new Map<string, number>();

  constructor(root: Root, list: ListBudget) {
    this.#root = root;
    this.#list = list;
  }

  /** The mode as the task left it. */
  modeLeft(stats: BigIntStats): number {
    return this.#cleared.get(idOf(stats)) ?? Number(stats.mode) & 0o7777;
  }

  entry(step: Entry, chain: DirectoryChain): void {
    const { place, stats } = step;
    const found = dangerOf(stats) ?? (stats.isFile() ? privilegeOf(this.modeLeft(stats)) : null);
    if (!found || this.#wasThere(step, chain)) return;
    const action = this.#defuse(place, stats, chain);
    if (action === 'failed') this.unsafe.push(shortPathOf(place));
    const path = this.#list.take(place);
    if (path === null) this.unlisted += 1;
    else this.defused.push({ ...namedPath(path), root: this.#root.path, found, action });
  }

  #wasThere(step: Entry, chain: DirectoryChain): boolean {
    const { sinceNs, suspects } = this.#root;
    return suspects.has(step, chain) && (sinceNs === null || changedNs(step.stats) < sinceNs);
  }

  unseen(step: Unseen, chain: DirectoryChain): void {
    if (this.#root.isForeign || !this.#root.suspects.wasUnseen(step, chain)) {
      this.unsafe.push(shortPathOf(step.place) || '.');
    }
  }

  #defuse(place: Place, stats: BigIntStats, chain: DirectoryChain): Defused['action'] {
    if (stats.isFile()) {
      const modeLeft = this.modeLeft(stats);
      if (isCleared(chain, place, stats)) {
        if (stats.nlink > 1n) this.#cleared.set(idOf(stats), modeLeft);
        return 'bits-cleared';
      }
    }
    return isRemoved(chain, place) ? 'removed' : 'failed';
  }
}

/** Whoever writes to a FIFO changes its ctime; its birth is 0 where nobody knows. */
function changedNs(stats: BigIntStats): bigint {
  return stats.isFIFO() || stats.isSocket() ? stats.birthtimeNs : stats.ctimeNs;
}

function idOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/**
 * Through a handle, so that a file that takes its place meanwhile is not the one that is changed. Every name of
 * the file loses the bits: a task can only have linked what lies under the same mount, so the file is either its
 * own or was put into its hands.
 */
function isCleared(chain: DirectoryChain, place: Place, stats: BigIntStats): boolean {
  const harmless = Number(stats.mode) & 0o1777;
  try {
    if (!chain.hasHandles) {
      chmodSync(chain.at(place.name), harmless);
      return true;
    }
    const handle = openSync(chain.at(place.name), openPathOnly | constants.O_NOFOLLOW);
    try {
      if (idOf(fstatSync(handle, { bigint: true })) !== idOf(stats)) return false;
      chmodSync(`/proc/self/fd/${handle}`, harmless);
      return privilegeOf(fstatSync(handle).mode) === null;
    } finally {
      closeSync(handle);
    }
  } catch {
    // It belongs to somebody else, or the file system is read-only: what can be done next decides.
    return false;
  }
}

function isRemoved(chain: DirectoryChain, place: Place): boolean {
  try {
    chain.change(() => unlinkSync(chain.at(place.name)));
    return true;
  } catch (error) {
    return errnoOf(error) === 'ENOENT';
  }
}
