import type { TaskSpec } from '../task-spec.ts';

/** One task of a batch, completely resolved. */
export interface BatchTask {
  /** From 0, in the order of the file. */
  readonly index: number;
  /** Where it stands in the file, from 1; null where the format does not tell. */
  readonly line: number | null;
  readonly spec: TaskSpec;
}
