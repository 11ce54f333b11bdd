import { answer, answers } from '../../commands/answer.ts';
import type { Command } from '../../commands/command.ts';
import { wordProblems } from '../../commands/words.ts';
import { shells } from '../../spec/choices.ts';
import { Problems } from '../../spec/problems.ts';
import { oneOf } from '../../spec/setting-parsers.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

const scripts: Readonly<Record<(typeof shells)[number], () => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `sandbox completion SHELL`: the script for the shell, made of the same table as the help. */
export const completion: Command = async (args, { terminal }) =>
  await answer({ terminal, isJson: false }, async () => {
    const expected = { command: 'completion', names: ['SHELL'] };
    const problems = new Problems(wordProblems(args, expected));
    const script = problems.attempt('SHELL', () => scriptFor(args.rest[0]));
    problems.throwIfAny('See: sandbox completion --help');
    terminal.stdout.write(await Promise.resolve(script ?? ''));
    return answers.fine;
  });

function scriptFor(shell: string | undefined): string {
  if (shell === undefined || shell === '') return '';
  return scripts[oneOf(shells)(shell)]();
}
