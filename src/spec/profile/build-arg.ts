import { Expectation } from '../expectation.ts';

/** Names the image that stands for the base of a recipe, such as a mirror's. No step of the build is given it. */
export const baseArg = 'BASE';

/** `NAME=VALUE`, or `NAME` for the caller's own variable. Throws an Expectation. */
export function parseBuildArg(
  text: string,
  env: NodeJS.ProcessEnv,
): { readonly name: string; readonly value: string } {
  const [, name, given] = /^([A-Za-z_][A-Za-z0-9_]*)(?:=(.*))?$/s.exec(text) ?? [];
  if (name === undefined) throw new Expectation('NAME=VALUE or NAME', text);
  const value = given ?? env[name];
  if (value === undefined) throw new Expectation('NAME=VALUE, or a variable that is set', text);
  if (/[\0\r\n]/.test(value)) throw new Expectation('one line of text', text);
  return { name, value };
}
