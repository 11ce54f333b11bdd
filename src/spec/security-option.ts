import { resolve } from 'node:path';
import type { Caller } from './host-path.ts';
import { Expectation } from './expectation.ts';

const form = 'seccomp=unconfined, seccomp=FILE, apparmor=PROFILE or label=…';

/**
 * One `--security-opt`, in its `name=value` form, the path of a seccomp profile made absolute. What is always on
 * (no-new-privileges, masked kernel paths) cannot be switched off.
 */
export function parseSecurityOption(text: string, { cwd }: Caller): string | null {
  const [name = '', value = ''] = splitOnce(text);
  if (name === 'no-new-privileges' && (value === '' || value === 'true')) return null;
  if (name === 'no-new-privileges' || name === 'systempaths') {
    throw new Expectation(`${form}; no-new-privileges and masked kernel paths are always on`, text);
  }
  if (value === '' || !['seccomp', 'apparmor', 'label'].includes(name)) {
    throw new Expectation(form, text);
  }
  const isFile = name === 'seccomp' && value !== 'unconfined';
  return `${name}=${isFile ? resolve(cwd, value) : value}`;
}

/** Older forms of `docker run` have a colon. */
function splitOnce(text: string): string[] {
  const end = text.search(/[=:]/);
  return end === -1 ? [text] : [text.slice(0, end), text.slice(end + 1)];
}
