import { distance } from 'fastest-levenshtein';

/** No name of ours is nearly as long, and comparing takes the square of the length. */
const mostCharacters = 64;

/** The closest of some names, unless it is too far to be a slip. */
export function nearestOf(word: string, names: readonly string[]): string | null {
  if (word.length > mostCharacters) return null;
  const ranked = names
    .map((name) => ({ name, edits: distance(word, name) }))
    .sort((a, b) => a.edits - b.edits);
  const beginsSo = names.find((name) => word.length > 3 && name.startsWith(word));
  if (beginsSo) return beginsSo;
  const [best] = ranked;
  if (best && best.edits <= mostEdits(word, best.name)) return best.name;
  return names.find((name) => isFirstPart(name, word)) ?? null;
}

/** Never so many that nothing of the one is left in the other. */
function mostEdits(word: string, name: string): number {
  const slip = Math.max(2, Math.floor(word.length / 3));
  return Math.min(slip, Math.min(word.length, name.length) - 1);
}

/** `memory` of `memory-limit`, `memory_limit` and `memoryLimit`; `pidsLimit` of `PIDS_LIMIT`. */
function isFirstPart(name: string, word: string): boolean {
  const parts = word.split(/[-_]|(?<=[a-z])(?=[A-Z])/);
  return parts.some((_, end) => folded(parts.slice(0, end + 1).join('')) === folded(name));
}

/** What is the same to whoever wrote it. */
function folded(text: string): string {
  return text.replaceAll(/[-_]/g, '').toLowerCase();
}
