import { SandboxFailure } from '../failure.ts';
import { reportFailure } from '../report/human.ts';
import { parseImage } from '../spec/image-reference.ts';
import { Problems } from '../spec/problems.ts';
import { answer, answers } from './answer.ts';
import type { Command } from './command.ts';
import { imageSpec, withImages } from './image-store.ts';
import { wordProblems } from './words.ts';

const command = 'image rm';

/** `sandbox image rm REFERENCE…`: one that cannot be removed does not keep the others. */
export const imageRm: Command = async (args, { terminal, interrupts }) => {
  const { cancel } = interrupts();
  return await answer({ terminal, isJson: false, cancel }, async () => {
    const expected = { command, names: ['REFERENCE…'], repeats: true };
    const problems = new Problems(wordProblems(args, expected));
    for (const reference of args.rest.filter((word) => word !== '')) {
      problems.attempt('REFERENCE', () => parseImage(reference));
    }
    const asked = { command, profile: 'base', problems: problems.found };
    const spec = await imageSpec(args, asked);
    let failed = 0;
    await withImages(spec, { terminal, cancel }, async (images) => {
      for (const reference of args.rest) {
        try {
          await images.remove(reference, cancel);
          terminal.stdout.write(`${reference}\n`);
        } catch (error) {
          if (!(error instanceof SandboxFailure) || cancel.aborted) throw error;
          reportFailure(terminal, error);
          failed += 1;
        }
      }
    });
    return failed === 0 ? answers.fine : answers.notFine;
  });
};
