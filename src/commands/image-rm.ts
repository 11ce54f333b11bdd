import { SandboxFailure } from '../failure.ts';
import { reportFailure } from '../report/human.ts';
import { failureJson, jsonText } from '../report/json.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command } from './command.ts';
import { imageSpec, withImages } from './image-store.ts';
import { wordProblems } from './words.ts';

const command = 'image rm';

/** `sandbox image rm REFERENCE…`: one that cannot be removed does not keep the others. */
export const imageRm: Command = async (args, { terminal, interrupts }) => {
  const { cancel } = interrupts();
  return await answer({ terminal, isJson: isJson(args), cancel }, async () => {
    const problems = wordProblems(args, { command, names: ['REFERENCE…'], repeats: true });
    const spec = await imageSpec(args, { command, profile: 'base', problems });
    const removed: string[] = [];
    const failed: object[] = [];
    await withImages(spec, { terminal, cancel }, async (images) => {
      for (const reference of args.rest) {
        try {
          await images.remove(reference, cancel);
          removed.push(reference);
          if (!isJson(args)) terminal.stdout.write(`${reference}\n`);
        } catch (error) {
          if (!(error instanceof SandboxFailure) || cancel.aborted) throw error;
          reportFailure(terminal, error);
          failed.push({ reference, ...failureJson(error) });
        }
      }
    });
    if (isJson(args)) terminal.stdout.write(jsonText({ removed, failed }));
    return failed.length === 0 ? answers.fine : answers.notFine;
  });
};
