import { SandboxFailure } from '../failure.ts';
import { jsonText } from '../report/json.ts';
import { sizeText } from '../report/progress-text.ts';
import { Problems } from '../spec/problems.ts';
import { type ListedProfile, listProfiles } from '../spec/profile/list-profiles.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command, CommandArgs } from './command.ts';
import { imageSpec, withImages } from './image-store.ts';
import { askedPlaces } from './profile-places.ts';
import { wordProblems } from './words.ts';

const command = 'image prune';

/** `sandbox image prune`: what none of the profiles that are known here leads to. */
export const imagePrune: Command = async (args, { terminal, interrupts }) => {
  const { cancel } = interrupts();
  return await answer({ terminal, isJson: isJson(args), cancel }, async () => {
    const [first, ...others] = await wantedSpecs(args);
    if (!first) throw new Error('there are no profiles');
    const { removed, bytes } = await withImages(first, { terminal, cancel }, (images) =>
      images.prune([first, ...others], cancel),
    );
    const lines = removed.map((reference) => `${reference}\n`).join('');
    const text = `${lines}removed: ${removed.length}, ${sizeText(bytes)}\n`;
    terminal.stdout.write(isJson(args) ? jsonText({ removed, bytes }) : text);
    return answers.fine;
  });
};

async function wantedSpecs(args: CommandArgs) {
  const problems = new Problems(wordProblems(args, { command, names: [] }));
  const places = await askedPlaces(args, problems);
  problems.throwIfAny(`See: sandbox ${command} --help`);
  const profiles = await listProfiles(places);
  refuseUnknown(profiles.filter(({ state }) => state === 'refused'));
  const usable = profiles.filter(({ state }) => state === 'usable');
  return await Promise.all(
    usable.map(({ name }) => imageSpec(args, { command, profile: name, problems: [] })),
  );
}

/** What a profile that cannot be read leads to is not known, and it may be wanted. */
function refuseUnknown(refused: readonly ListedProfile[]): void {
  if (refused.length === 0) return;
  throw new SandboxFailure('profile-unreadable', 'not every profile can be read', {
    problems: refused.flatMap(({ name, path, problems }) =>
      problems.map((message) => ({ subject: path ?? name, message })),
    ),
    hint: 'Nothing was removed. Mend or remove these files.',
  });
}
