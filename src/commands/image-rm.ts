import { SandboxFailure } from '../failure.ts';
import { reportFailure } from '../report/human.ts';
import { failureJson, jsonText } from '../report/json.ts';
import { parseImage } from '../spec/image-reference.ts';
import { Problems } from '../spec/problems.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command, CommandArgs } from './command.ts';
import { withImages } from './image-store.ts';
import { engineSpec } from './without-project.ts';
import { wordProblems } from './words.ts';

const command = 'image rm';

/** `sandbox image rm REFERENCE…`: one that cannot be removed does not keep the others. */
export const imageRm: Command = async (args, { terminal, interrupts }) => {
  const { cancel } = interrupts();
  return await answer({ terminal, isJson: isJson(args), cancel }, async () => {
    const removed: string[] = [];
    const failed: object[] = [];
    await withImages(await askedSpec(args), { terminal, cancel }, async (images) => {
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

async function askedSpec(args: CommandArgs) {
  const problems = new Problems(
    wordProblems(args, { command, names: ['REFERENCE…'], repeats: true }),
  );
  for (const reference of args.rest.filter((word) => word !== '')) {
    problems.attempt('REFERENCE', () => parseImage(reference));
  }
  return await engineSpec(args, { command, problems: problems.found });
}
