import { homedir } from 'node:os';
import { isAbsolute } from 'node:path';

/** Not what every object has, such as `constructor`. */
export function ownValue(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

/** A variable's value; an empty one counts as not set, else it would mean the current directory in many places. */
export function variable(env: NodeJS.ProcessEnv, name: string): string | null {
  const value = env[name];
  return value === undefined || value === '' ? null : value;
}

/** A variable that names a directory; a relative one is no answer (XDG Base Directory Specification). */
export function directoryVariable(env: NodeJS.ProcessEnv, name: string): string | null {
  const value = variable(env, name);
  return value !== null && isAbsolute(value) ? value : null;
}

export function homeDirectory(env: NodeJS.ProcessEnv): string {
  return directoryVariable(env, 'HOME') ?? homedir();
}
