import { resolve } from 'node:path';
import { parseImageName } from '../spec/image-reference.ts';
import { Problems } from '../spec/problems.ts';
import { answer, answers } from './answer.ts';
import type { Command } from './command.ts';
import { imageSpec, withImages, withProgress } from './image-store.ts';
import { wordProblems } from './words.ts';

const command = 'image import';

/** `sandbox image import DIRECTORY REFERENCE`: for machines that reach no registry. */
export const imageImport: Command = async (args, { terminal, interrupts }) => {
  const { cancel } = interrupts();
  return await answer({ terminal, isJson: false, cancel }, async () => {
    const expected = { command, names: ['DIRECTORY', 'REFERENCE'] };
    const problems = new Problems(wordProblems(args, expected));
    const [directory = '', reference = ''] = args.rest;
    if (problems.isEmpty) problems.attempt('REFERENCE', () => parseImageName(reference));
    const asked = { command, profile: 'base', problems: problems.found };
    const spec = await imageSpec(args, asked);
    await withImages(spec, { terminal, cancel }, (images) =>
      withProgress(args, { terminal, cancel }, (context) =>
        images.importDirectory(resolve(directory), { reference }, context),
      ),
    );
    terminal.stdout.write(`${reference}\n`);
    return answers.fine;
  });
};
