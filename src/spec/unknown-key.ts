import { nearestOf } from './nearest.ts';

/** What to say behind the name of a key that is not known: the one that may have been meant, or all there are. */
export function keyHint(
  key: string,
  known: readonly string[],
  otherNames: Readonly<Record<string, string>> = {},
): string {
  const other = Object.hasOwn(otherNames, key) ? otherNames[key] : undefined;
  const meant = other ?? nearestOf(key, known);
  return meant === null ? ` (known: ${known.join(', ')})` : `, did you mean ${meant}?`;
}
