import { lstatSync } from 'node:fs';
import { DirectoryChain } from '../engine/directory-chain.ts';
import type { Change } from './change.ts';
import { type Facts, factsOf, isUnchanged } from './facts.ts';
import type { Snapshot } from './snapshot.ts';
import { TreeCursor } from './tree-cursor.ts';
import type { Place } from './walk.ts';

/** The workspace that a copy was made of, as it was then and as it is now. */
export class OriginalTree {
  readonly #cursor: TreeCursor;
  readonly #known = new Map<Place, Snapshot | null>();
  readonly #root: Snapshot;

  /** Throws a system error where it cannot be read. */
  constructor(path: string, root: Snapshot) {
    this.#cursor = new TreeCursor(DirectoryChain.open(path), { insist: true });
    this.#root = root;
  }

  /** Goes to a directory and answers the chain that leads there. */
  goTo(directory: Place): DirectoryChain {
    this.#cursor.goTo(directory);
    return this.#cursor.chain;
  }

  close(): void {
    this.#cursor.chain.close();
  }

  /**
   * Whether the place of a change, and the directory it is in, are still what the copy was made of. The ctime
   * is left out where we may have changed it ourselves: by removing another name of the file.
   */
  isAsCopied({ place }: Change, { ctime = true } = {}): boolean {
    const { parent } = place;
    if (!parent) return true;
    try {
      const chain = this.goTo(parent);
      const directory = this.#before(parent)?.facts;
      if (!directory || chain.id !== `${directory.dev}:${directory.ino}`) return false;
      const before = this.#before(place)?.facts ?? null;
      const now = factsAt(chain, place);
      return isSameFile(
        before,
        now && before && !ctime ? { ...now, ctimeNs: before.ctimeNs } : now,
      );
    } catch {
      // The way there is not what it was.
      return false;
    }
  }

  /** Walks down by hand: a place can be deeper than the stack. */
  #before(place: Place): Snapshot | null {
    const unknown: Place[] = [];
    let at: Place = place;
    for (; at.parent && !this.#known.has(at); at = at.parent) unknown.push(at);
    let snapshot = at.parent ? (this.#known.get(at) ?? null) : this.#root;
    for (const next of unknown.reverse()) {
      snapshot = snapshot?.children?.get(next.name) ?? null;
      this.#known.set(next, snapshot);
    }
    return snapshot;
  }
}

/** Null where there is nothing. */
export function factsAt(chain: DirectoryChain, { name }: Place): Facts | null {
  const stats = lstatSync(chain.at(name), { bigint: true, throwIfNoEntry: false });
  return stats ? factsOf(stats) : null;
}

function isSameFile(before: Facts | null, now: Facts | null): boolean {
  if (!before || !now) return before === now;
  return before.dev === now.dev && before.ino === now.ino && isUnchanged(before, now);
}
