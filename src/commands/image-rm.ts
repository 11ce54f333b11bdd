import { SandboxFailure } from '../failure.ts';
import { reportFailure } from '../report/human.ts';
import { answer, answers } from './answer.ts';
import type { Command } from './command.ts';
import { imageSpec, withImages } from './image-store.ts';
import { wordProblems } from './words.ts';

const command = 'image rm';

/** `sandbox image rm REFERENCE…`: one that cannot be removed does not keep the others. */
export const imageRm: Command = async (args, { terminal, interrupts }) => {
  const { cancel } = interrupts();
  return await answer({ terminal, isJson: false, cancel }, async () => {
    const problems = wordProblems(args, { command, names: ['REFERENCE…'], repeats: true });
    const spec = await imageSpec(args, { command, profile: 'base', problems });
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
