import { namedShellOf } from '../spec/terminal-task.ts';
import { shellLine } from './shell-quote.ts';

/** A command as a shell would read it back; the shell at a terminal is started by a line of ours, which says nothing. */
export function commandText(words: readonly string[]): string {
  const named = namedShellOf(words);
  return named === null ? shellLine(words) : `(shell) ${shellLine([named])}`;
}
