import type { Problem } from '../failure.ts';
import type { CommandArgs } from './command.ts';

interface Expected {
  /** As in the usage, such as `image import`. */
  readonly command: string;
  /** What each word is called; the last may come more often where `repeats`. */
  readonly names: readonly string[];
  readonly repeats?: boolean;
}

/**
 * What is wrong with the words of a command that are no options, besides what was found before. Where a word may be
 * the value of an option that we do not have, that option is problem enough.
 */
export function wordProblems(args: CommandArgs, expected: Expected): Problem[] {
  const { rest, problems, doubtful } = args;
  const { command, names, repeats = false } = expected;
  const empty = rest.includes('') ? [problem(command, names, 'an empty word')] : [];
  if (rest.length < names.length) {
    return [...problems, problem(command, names, rest.length === 0 ? 'none' : String(rest.length))];
  }
  const extra = repeats ? undefined : rest[names.length + doubtful];
  if (extra === undefined) return [...problems, ...empty];
  return [...problems, problem(command, names, `"${extra}" besides`), ...empty];
}

function problem(command: string, names: readonly string[], found: string): Problem {
  const wanted = names.length === 0 ? 'options only' : names.join(' ');
  return { subject: command, message: `expected ${wanted}, got ${found}` };
}
