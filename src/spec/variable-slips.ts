import { nearestOf } from './nearest.ts';
import { settingNames, settingOf } from './settings.ts';

const prefix = 'SANDBOX_';
/** Of other use: where to find a defect, and what the tests are given. */
const others = /^SANDBOX_(?:DEBUG|TEST_.*)$/;

/**
 * What is wrong with variables that look like ours and are read by nobody. One that is like none of ours is somebody
 * else's: the prefix is a word that many use.
 */
export function variableSlips(env: NodeJS.ProcessEnv): string[] {
  const names = Object.keys(env).filter((name) => name.startsWith(prefix));
  if (names.length === 0) return [];
  const known = settingNames.flatMap((name) => settingOf(name).environment);
  const unknown = names.filter((name) => !known.includes(name) && !others.test(name));
  return unknown.flatMap((name) => {
    const nearest = nearestVariable(name, known);
    return nearest === null ? [] : [`${name} is not read, did you mean ${nearest}?`];
  });
}

/** By what follows the prefix, which they all have; of two or three letters nearly any name would be near. */
function nearestVariable(name: string, known: readonly string[]): string | null {
  const rest = (variable: string) => variable.slice(prefix.length);
  const ours = known.filter((variable) => variable.startsWith(prefix)).map(rest);
  const nearest = nearestOf(rest(name), ours);
  if (nearest === null || (rest(name).length < 4 && !nearest.startsWith(rest(name)))) return null;
  return prefix + nearest;
}
