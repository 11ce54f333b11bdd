import { writeNote } from '../report/human.ts';
import { imageTable, leftoversNote } from '../report/images.ts';
import { jsonText } from '../report/json.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command } from './command.ts';
import { imageListOnlyFlags } from './flags.ts';
import { withImages } from './image-store.ts';
import { engineSpec } from './without-project.ts';
import { wordProblems } from './words.ts';

const command = 'image ls';

/** `sandbox image ls`: ours only. */
export const imageLs: Command = async (args, { terminal, interrupts }) => {
  const { cancel } = interrupts();
  return await answer({ terminal, isJson: isJson(args), cancel }, async () => {
    const problems = wordProblems(args, { command, names: [] });
    const spec = await engineSpec(args, { command, problems });
    const found = await withImages(spec, { terminal, cancel }, async (store) => ({
      images: await store.list(cancel),
      leftovers: await store.leftovers(cancel),
    }));
    const isQuiet = args.values[imageListOnlyFlags.quiet.name] === true;
    const text = isQuiet
      ? found.images.map(({ reference }) => `${reference}\n`).join('')
      : imageTable(found.images);
    terminal.stdout.write(isJson(args) ? jsonText(found) : text);
    if (found.leftovers.count > 0 && !isQuiet) writeNote(terminal, leftoversNote(found.leftovers));
    return answers.fine;
  });
};
