import type { DirectoryChain } from '../engine/directory-chain.ts';
import type { ByteName } from '../engine/byte-name.ts';
import type { Change, ChangeList } from './change.ts';
import { type Facts, factsOf, isUnchanged } from './facts.ts';
import type { ScanBudget } from './scan-budget.ts';
import type { Snapshot } from './snapshot.ts';
import type { Observer } from './survey.ts';
import type { Entry, Place, Step } from './walk.ts';

interface Comparison {
  readonly before: Snapshot | null;
  /** Names in the snapshot that were not met yet. */
  readonly unmet: Map<ByteName, Snapshot>;
  /** The directory was not there, so everything in it is new. */
  readonly isNew: boolean;
}

interface ComparerParts {
  readonly before: Snapshot | null;
  readonly budget: ScanBudget;
  /** Null where nobody wants to read the changes. */
  readonly list: ChangeList | null;
  readonly modeLeft: (stats: Entry['stats']) => number;
}

/** Compares what a walk sees with a snapshot of the same tree. */
export class Comparer implements Observer {
  /** Every parent before its children. */
  readonly changes: Change[] = [];
  readonly #parts: ComparerParts;
  readonly #path: Comparison[] = [];
  #below: Comparison;

  constructor(parts: ComparerParts) {
    this.#parts = parts;
    this.#below = comparisonOf(parts.before, false);
  }

  enter(): void {
    this.#path.push(this.#below);
  }

  async entry(step: Entry, chain: DirectoryChain): Promise<void> {
    const { place, stats } = step;
    const parent = this.#path.at(-1) ?? nothingKnown;
    this.#below = nothingKnown;
    if (!this.#parts.budget.take()) return;
    const now = { ...factsOf(stats), mode: this.#parts.modeLeft(stats) };
    const was = parent.unmet.get(place.name);
    parent.unmet.delete(place.name);
    // Where the directory was not wholly known, a name that is not may have been there.
    if (!was && !parent.isNew && !parent.before?.isListed) return;
    const isDirectory = was?.facts.kind === 'directory';
    this.#below = comparisonOf(isDirectory ? was : null, !isDirectory);
    const change = changeOf(place, was?.facts ?? null, now);
    if (change) await this.#add(change, chain);
    if (was && isDirectory && now.kind !== 'directory') await this.#addRemoved(was, place, chain);
  }

  async leave({ place, isComplete }: Step & { kind: 'leave' }, chain: DirectoryChain) {
    const left = this.#path.pop();
    if (!left || !isComplete || this.#parts.budget.isSpent) return;
    for (const [name, was] of left.unmet) {
      await this.#addWithAll(was, { parent: place, name, depth: place.depth + 1 }, chain);
    }
  }

  async #addRemoved(directory: Snapshot, place: Place, chain: DirectoryChain): Promise<void> {
    for (const [name, was] of directory.children ?? []) {
      await this.#addWithAll(was, { parent: place, name, depth: place.depth + 1 }, chain);
    }
  }

  /** With everything below it, however deep that is. */
  async #addWithAll(top: Snapshot, at: Place, chain: DirectoryChain): Promise<void> {
    const waiting = [{ snapshot: top, place: at }];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { snapshot, place } = next;
      await this.#add({ what: 'removed', place, now: null, was: snapshot.facts }, chain);
      for (const [name, child] of snapshot.children ?? []) {
        waiting.push({
          snapshot: child,
          place: { parent: place, name, depth: place.depth + 1 },
        });
      }
    }
  }

  async #add(change: Change, chain: DirectoryChain): Promise<void> {
    this.changes.push(change);
    const ms = await this.#parts.list?.add(change, chain);
    if (ms) this.#parts.budget.extend(ms);
  }
}

const nothingKnown: Comparison = { before: null, unmet: new Map(), isNew: false };

function comparisonOf(before: Snapshot | null, isNew: boolean): Comparison {
  return { before, unmet: new Map(before?.children), isNew };
}

function changeOf(place: Place, was: Facts | null, now: Facts): Change | null {
  if (!was) return { what: 'added', place, now, was };
  return isUnchanged(was, now) ? null : { what: 'changed', place, now, was };
}
