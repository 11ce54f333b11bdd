import { distance } from 'fastest-levenshtein';
import { type FailureCode, SandboxFailure } from '../failure.ts';
import { nearestOf } from './nearest.ts';

/** What a caller may mean by an id: the tasks of an engine, or the receipts of a directory. */
export interface IdChoice {
  readonly ids: readonly string[];
  /** What they are and where, such as "a task on this engine". */
  readonly place: string;
  /** The sentence for a place that has none. */
  readonly none: string;
  /** What is not there is no wrong usage. */
  readonly code: FailureCode;
  /** Those that are meant more often, and so are listed before the others. */
  readonly likely?: readonly string[];
}

const mostListed = 5;

/** The id itself, or the only one that begins so. Throws what lists those that are near. */
export function chooseId(typed: string, choice: IdChoice): string {
  const { ids, place, code } = choice;
  if (ids.includes(typed)) return typed;
  const candidates = typed === '' ? [] : ids.filter((id) => id.startsWith(typed));
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return only;
  const expected = `expected the id of ${place}, or how only one of them begins, got "${typed}"`;
  const hint =
    candidates.length > 1
      ? `Several begin so: ${listed(typed, { ...choice, ids: candidates })}`
      : hintOf(typed, choice);
  throw new SandboxFailure(code, expected, { hint });
}

/** Said where a cut id was understood: it may be the whole id of a task that is not there any more. */
export function takenFor(typed: string, id: string): string {
  return `${typed}: taken for ${id}, the only one that begins so`;
}

function hintOf(typed: string, choice: IdChoice): string {
  const nearest = nearestOf(typed, choice.ids);
  if (nearest !== null) return `Did you mean: ${nearest}`;
  return choice.ids.length === 0 ? choice.none : `There are: ${listed(typed, choice)}`;
}

/** The nearest, in the order in which they came. */
function listed(typed: string, { ids, likely = [] }: IdChoice): string {
  // Comparing takes the square of the length.
  const word = typed.slice(0, 64);
  const shown = ids
    .map((id, at) => ({ id, at, rank: likely.includes(id) ? 0 : 1, edits: distance(word, id) }))
    .sort((a, b) => a.rank - b.rank || a.edits - b.edits)
    .slice(0, mostListed)
    .sort((a, b) => a.rank - b.rank || a.at - b.at)
    .map(({ id }) => id)
    .join(', ');
  return ids.length > mostListed ? `${shown} and ${ids.length - mostListed} more` : shown;
}
