import { type BigIntStats, lstatSync, opendirSync } from 'node:fs';
import { type ByteName, fsPath } from '../engine/byte-name.ts';
import type { DirectoryChain } from '../engine/directory-chain.ts';
import { errnoOf } from '../failure.ts';

/** Where something lies, relative to the directory that the walk began in. */
export interface Place {
  /** Null for that directory itself. */
  readonly parent: Place | null;
  readonly name: ByteName;
  readonly depth: number;
}

export interface Entry {
  readonly kind: 'entry';
  readonly place: Place;
  readonly stats: BigIntStats;
  /** To be set to false for a directory that is not to be walked. */
  descend: boolean;
}

export interface Unseen {
  readonly kind: 'unseen';
  readonly place: Place;
  /** Null where not even these could be had. */
  readonly stats: BigIntStats | null;
  readonly cause: unknown;
}

/**
 * What a walk comes across, parents before children and names in the order of their bytes. The chain is in the
 * directory that holds the entry, or that was entered and is about to be left.
 */
export type Step =
  | { readonly kind: 'tick' }
  | { readonly kind: 'enter'; readonly place: Place; readonly stats: BigIntStats }
  | Entry
  | Unseen
  | { readonly kind: 'leave'; readonly place: Place; readonly isComplete: boolean };

export interface WalkOptions {
  /** Reads directories of our own that deny it. */
  readonly insist: boolean;
  /** Looks at one name only: for a file that has a mount of its own. */
  readonly only?: ByteName;
}

interface Level {
  readonly place: Place;
  readonly names: readonly ByteName[];
  next: number;
  isComplete: boolean;
}

function rootPlace(): Place {
  return { parent: null, name: '', depth: 0 };
}

/** One step at a time, so that whoever walks decides when others may run. Never goes through a symlink. */
export function* walk(chain: DirectoryChain, options: WalkOptions): Generator<Step> {
  const root = rootPlace();
  const stats = lstatSync(fsPath(`${chain.here()}/.`), { bigint: true });
  const levels = [yield* enter(chain, { place: root, stats, only: options.only })];
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const name = level.names[level.next];
    if (name === undefined) {
      yield { kind: 'leave', place: level.place, isComplete: level.isComplete };
      levels.pop();
      if (levels.length > 0) yield* goBack(chain, levels);
      continue;
    }
    level.next += 1;
    const below = yield* visit(chain, placeIn(level.place, name), options.insist);
    if (below === 'unseen') level.isComplete = false;
    else if (below) levels.push(below);
  }
}

function placeIn(parent: Place, name: ByteName): Place {
  return { parent, name, depth: parent.depth + 1 };
}

/** The level below where there is one, null where there is none or it is not to be walked. */
function* visit(
  chain: DirectoryChain,
  place: Place,
  insist: boolean,
): Generator<Step, Level | null | 'unseen'> {
  let stats: BigIntStats | undefined;
  try {
    stats = lstatSync(chain.at(place.name), { bigint: true, throwIfNoEntry: false });
    // It has gone since its directory was read.
    if (!stats) return null;
  } catch (cause) {
    yield { kind: 'unseen', place, stats: null, cause };
    return 'unseen';
  }
  const entry: Entry = { kind: 'entry', place, stats, descend: stats.isDirectory() };
  yield entry;
  if (!entry.descend) return null;
  try {
    chain.enter(place.name, { insist });
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    yield { kind: 'unseen', place, stats, cause };
    return null;
  }
  return yield* enter(chain, { place, stats });
}

interface Entered {
  readonly place: Place;
  readonly stats: BigIntStats;
  readonly only?: ByteName | undefined;
}

function* enter(chain: DirectoryChain, { place, stats, only }: Entered): Generator<Step, Level> {
  yield { kind: 'enter', place, stats };
  const level = (names: readonly ByteName[], isComplete: boolean) => {
    return { place, names, next: 0, isComplete };
  };
  if (only !== undefined) return level([only], false);
  try {
    return level(yield* readNames(chain), true);
  } catch (cause) {
    yield { kind: 'unseen', place, stats, cause };
    return level([], false);
  }
}

/** Above this the order of names costs more than it is worth. */
const mostSorted = 200_000;

function* readNames(chain: DirectoryChain): Generator<Step, ByteName[]> {
  const names: ByteName[] = [];
  const path = fsPath(chain.here());
  const directory = opendirSync(path, { encoding: 'latin1', bufferSize: 512 });
  try {
    for (let entry = directory.readSync(); entry; entry = directory.readSync()) {
      names.push(entry.name);
      if (names.length % 512 === 0) yield { kind: 'tick' };
    }
  } finally {
    directory.closeSync();
  }
  return names.length > mostSorted ? names : names.sort();
}

/** A directory that was moved away while it was read has lost the way back; its parents are given up. */
function* goBack(chain: DirectoryChain, levels: Level[]): Generator<Step> {
  for (let lost = chain.leave() - 1; lost > 0; lost -= 1) {
    const level = levels.pop();
    if (!level) return;
    const cause = new Error('it was moved while it was read');
    yield { kind: 'unseen', place: level.place, stats: null, cause };
    yield { kind: 'leave', place: level.place, isComplete: false };
  }
}
