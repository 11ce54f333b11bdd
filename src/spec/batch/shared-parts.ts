import { isDeepStrictEqual } from 'node:util';
import type { TaskSpec } from '../task-spec.ts';

/** The same task, with what is equal in the one before it held once: of ten thousand most differ in a few words. */
export function sharingParts(spec: TaskSpec, before: TaskSpec | undefined): TaskSpec {
  if (!before) return spec;
  const shared: Record<string, unknown> = { ...spec };
  for (const [key, part] of Object.entries(before)) {
    if (isDeepStrictEqual(shared[key], part)) shared[key] = part;
  }
  return Object.freeze(shared) as TaskSpec;
}
