import type { TaskSpec } from '../../spec/task-spec.ts';
import { defaultHome } from '../scratch-space.ts';

/** `NAME=value` entries: what was asked for, and a HOME. */
export function environmentOf(spec: TaskSpec): string[] {
  const home = 'HOME' in spec.environment ? [] : [`HOME=${defaultHome}`];
  return [...home, ...Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`)];
}
