import { resolve } from 'node:path';
import { answer, answers } from './answer.ts';
import type { Command } from './command.ts';
import { withImages, withProgress } from './image-store.ts';
import { engineSpec } from './without-project.ts';
import { wordProblems } from './words.ts';

const command = 'image load';

/** `sandbox image load FILE`: for machines that reach no registry. */
export const imageLoad: Command = async (args, { terminal, interrupts }) => {
  const { cancel } = interrupts();
  return await answer({ terminal, isJson: false, cancel }, async () => {
    const problems = wordProblems(args, { command, names: ['FILE'] });
    const spec = await engineSpec(args, { command, problems });
    const path = resolve(args.rest[0] ?? '');
    const references = await withImages(spec, { terminal, cancel }, (images) =>
      withProgress(args, { terminal, cancel }, (context) => images.load(path, context)),
    );
    terminal.stdout.write(references.map((reference) => `${reference}\n`).join(''));
    return answers.fine;
  });
};
