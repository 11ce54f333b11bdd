import { type ByteName, printableBytes } from '../engine/byte-name.ts';
import type { Change } from './change.ts';
import { listOf } from './findings.ts';
import type { IgnoreRules, Verdict } from './ignore-rules.ts';
import { shortPathOf } from './place-path.ts';
import type { Place } from './walk.ts';

/** What is to be done to the original, in this order. */
export interface ApplyPlan {
  readonly steps: readonly Change[];
  /** Where nothing of the original can be. */
  readonly newDirectories: ReadonlySet<Place>;
  /** Directories that become something else, with all directories in them. */
  readonly replaced: ReadonlySet<Place>;
}

/**
 * Directories that become something else are emptied first, what is new or changed comes next, and what else was
 * removed goes last: if it ends half-way, as little as possible is lost. `changes` has parents before children.
 */
export function planOf(changes: readonly Change[], omitted: ReadonlySet<Change>): ApplyPlan {
  const wanted = changes.filter((change) => !omitted.has(change));
  const newDirectories = new Set<Place>();
  const replaced = new Set<Place>();
  for (const { place, now, was } of wanted) {
    const [wasDirectory, isDirectory] = [was?.kind === 'directory', now?.kind === 'directory'];
    if (isDirectory && !wasDirectory) newDirectories.add(place);
    const isInReplaced = place.parent !== null && replaced.has(place.parent);
    if (wasDirectory && !isDirectory && (now !== null || isInReplaced)) replaced.add(place);
  }
  const removed = wanted.filter(({ what }) => what === 'removed').reverse();
  const isFirst = ({ place: { parent } }: Change) => parent !== null && replaced.has(parent);
  const steps = [
    ...removed.filter(isFirst),
    ...wanted.filter(({ what }) => what !== 'removed'),
    ...removed.filter((change) => !isFirst(change)),
  ];
  return { steps, newDirectories, replaced };
}

/** Changes that are not brought back, by the reason. */
export class Omissions {
  readonly changes = new Set<Change>();
  readonly #reasons = new Map<string, { examples: string[]; count: number }>();

  add(reason: string, place: Place): void {
    const found = this.#reasons.get(reason) ?? { examples: [], count: 0 };
    this.#reasons.set(reason, found);
    found.count += 1;
    if (found.examples.length < mostExamples) {
      found.examples.push(printableBytes(shortPathOf(place)));
    }
  }

  sentences(): string[] {
    return [...this.#reasons].map(([reason, found]) => `${listOf(found)}: ${reason}`);
  }
}

const mostExamples = 20;

/** Leaves out what the copy never had, and what must not come into the original. */
export function omissionsOf(changes: readonly Change[], rules: IgnoreRules | null): Omissions {
  const omissions = new Omissions();
  const judge = rules ? new PlaceJudge(rules) : null;
  const needed = new Set<Place>();
  // Children first: a directory that is ignored is needed for what is in it and is not.
  for (const change of changes.toReversed()) {
    const { place, now } = change;
    const isIgnored = judge?.verdict(place).isIgnored === true && !needed.has(place);
    const isSpecial = now !== null && ['fifo', 'socket', 'device'].includes(now.kind);
    if (isIgnored || isSpecial) {
      omissions.changes.add(change);
      omissions.add(isIgnored ? 'ignored by .dockerignore' : `it is a ${now?.kind}`, place);
    } else if (place.parent && now) needed.add(place.parent);
  }
  return omissions;
}

/** Verdicts of whole paths, remembering those of directories. */
class PlaceJudge {
  readonly #rules: IgnoreRules;
  readonly #known = new Map<Place, Verdict & { path: string }>();

  constructor(rules: IgnoreRules) {
    this.#rules = rules;
  }

  verdict(place: Place): Verdict {
    const unknown: Place[] = [];
    let at = place;
    for (; at.parent && !this.#known.has(at); at = at.parent) unknown.push(at);
    let above = this.#known.get(at);
    for (const next of unknown.reverse()) {
      const name = textOf(next.name);
      const path = above ? `${above.path}/${name}` : name;
      above = { ...this.#rules.verdict(path, above?.matched ?? null), path };
      this.#known.set(next, above);
    }
    return above ?? { isIgnored: false, matched: [] };
  }
}

function textOf(name: ByteName): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}
