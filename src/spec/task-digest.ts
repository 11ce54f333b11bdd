import { createHash } from 'node:crypto';
import type { TaskSpec } from './task-spec.ts';

/** placeholder until the real one is merged */
export function taskDigest(spec: TaskSpec): string {
  return createHash('sha256').update(JSON.stringify(spec)).digest('hex');
}
