import type { TaskSpec } from '../../spec/task-spec.ts';
import { defaultHome } from '../scratch-space.ts';

/** `NAME=value` entries: what was asked for, a HOME, and who the task runs as where that is known. */
export function environmentOf({ environment }: TaskSpec, userName: string | null = null): string[] {
  const name = userName === null ? {} : { USER: userName, LOGNAME: userName };
  const own = Object.entries({ HOME: defaultHome, ...name });
  const all = [...own.filter(([one]) => !(one in environment)), ...Object.entries(environment)];
  return all.map(([one, value]) => `${one}=${value}`);
}
