import type { Problem } from '../failure.ts';
import type { CommandArgs } from './command.ts';
import { wordProblems } from './words.ts';

/** Of a command whose last word, a directory of receipts, may be left out. */
export function receiptWordProblems(
  args: CommandArgs,
  { command, names }: { command: string; names: readonly string[] },
): Problem[] {
  const isNamed = args.rest.length > names.length;
  return wordProblems(args, { command, names: isNamed ? [...names, 'DIR'] : names });
}
