import { SandboxFailure } from '../failure.ts';
import { nearestOf } from './nearest.ts';

/** What a caller may mean by an id: the tasks of an engine, or the receipts of a directory. */
export interface IdChoice {
  readonly ids: readonly string[];
  /** What they are and where, such as "a task on this engine". */
  readonly place: string;
}

const mostListed = 5;

/** The id itself, or the only one that begins so. Throws `usage`, which lists those that are near. */
export function chooseId(typed: string, { ids, place }: IdChoice): string {
  if (ids.includes(typed)) return typed;
  const candidates = typed === '' ? [] : ids.filter((id) => id.startsWith(typed));
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return only;
  const expected = `expected the id of ${place}, or how only one of them begins, got "${typed}"`;
  const hint =
    candidates.length > 1
      ? `Several begin so: ${listed(candidates)}`
      : hintOf(nearestOf(typed, ids), ids);
  throw new SandboxFailure('usage', expected, { hint });
}

function hintOf(nearest: string | null, ids: readonly string[]): string {
  if (nearest !== null) return `Did you mean: ${nearest}`;
  return ids.length === 0 ? 'There is none.' : `There are: ${listed(ids)}`;
}

function listed(ids: readonly string[]): string {
  const shown = ids.slice(-mostListed).join(', ');
  return ids.length > mostListed ? `${shown} and ${ids.length - mostListed} more` : shown;
}
