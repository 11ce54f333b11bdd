import { answer, answers } from '../commands/answer.ts';
import type { Command } from '../commands/command.ts';
import { wordProblems } from '../commands/words.ts';
import { Problems } from '../spec/problems.ts';
import { manPage } from './man-page.ts';

/** `sandbox man`: the manual page, for a program that came without one. */
export const man: Command = async (args, { terminal }) =>
  await answer({ terminal, isJson: false }, async () => {
    new Problems(wordProblems(args, { command: 'man', names: [] })).throwIfAny(
      'See: sandbox man --help',
    );
    terminal.stdout.write(await Promise.resolve(manPage()));
    return answers.fine;
  });
