import type { ByteName } from '../engine/byte-name.ts';
import { type Facts, factsOf } from './facts.ts';
import type { ScanBudget } from './scan-budget.ts';
import type { Observer } from './survey.ts';
import type { Entry, Step } from './walk.ts';

/** A file as it was, and what was in it where it is a directory. */
export interface Snapshot {
  readonly facts: Facts;
  /** Null where it is no directory. */
  readonly children: Map<ByteName, Snapshot> | null;
  /** Whether every child is known. */
  isListed: boolean;
}

/** Keeps what a walk sees, as far as the budget goes. */
export class SnapshotRecorder implements Observer {
  readonly #budget: ScanBudget;
  readonly #path: Snapshot[] = [];
  #root: Snapshot | null = null;
  #last: Snapshot | null = null;

  constructor(budget: ScanBudget) {
    this.#budget = budget;
  }

  /** Null where not even the first directory could be looked at. */
  get root(): Snapshot | null {
    return this.#root;
  }

  enter({ stats }: Step & { kind: 'enter' }): void {
    this.#root ??= snapshotOf(factsOf(stats));
    this.#path.push(this.#last ?? this.#root);
  }

  entry({ place, stats }: Entry): void {
    const parent = this.#path.at(-1);
    // Past the budget the entries of a directory have no place to be kept in.
    this.#last = snapshotOf(factsOf(stats));
    if (this.#budget.take()) parent?.children?.set(place.name, this.#last);
  }

  leave({ isComplete }: Step & { kind: 'leave' }): void {
    const directory = this.#path.pop();
    if (directory) directory.isListed = isComplete && !this.#budget.isSpent;
  }
}

function snapshotOf(facts: Facts): Snapshot {
  const isDirectory = facts.kind === 'directory';
  return { facts, children: isDirectory ? new Map() : null, isListed: !isDirectory };
}
