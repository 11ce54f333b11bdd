import { imageTable } from '../report/images.ts';
import { jsonText } from '../report/json.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command } from './command.ts';
import { imageSpec, withImages } from './image-store.ts';
import { wordProblems } from './words.ts';

const command = 'image ls';

/** `sandbox image ls`: ours only. */
export const imageLs: Command = async (args, { terminal, interrupts }) => {
  const { cancel } = interrupts();
  return await answer({ terminal, isJson: isJson(args), cancel }, async () => {
    const problems = wordProblems(args, { command, names: [] });
    const spec = await imageSpec(args, { command, profile: 'base', problems });
    const images = await withImages(spec, { terminal, cancel }, (store) => store.list(cancel));
    terminal.stdout.write(isJson(args) ? jsonText({ images }) : imageTable(images));
    return answers.fine;
  });
};
