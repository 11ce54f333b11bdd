import { canonicalDigest } from './canonical-digest.ts';
import type { TaskSpec } from './task-spec.ts';

/** What does not say what is run and how: names, where the record goes, and how the engine is reached. */
const leftOut: readonly string[] = [
  'id',
  'receiptPath',
  'stdin',
  'tty',
  'outputLimitBytes',
  'host',
  'context',
] satisfies (keyof TaskSpec)[];

/** Hexadecimal SHA-256: two tasks with the same digest run the same command in the same way. */
export function taskDigest(spec: TaskSpec): string {
  const counted = Object.entries(spec).filter(
    // Left out where there is none, as by every version that did not know it.
    ([name, value]) => !leftOut.includes(name) && !(name === 'seccompDigest' && value === null),
  );
  // A command may behave otherwise on a terminal, whatever its size.
  const terminal = spec.tty === null ? {} : { tty: true };
  return canonicalDigest({ ...Object.fromEntries(counted), ...terminal });
}
