import { jsonText } from '../report/json.ts';
import { profileNames, profileTable } from '../report/profiles.ts';
import { Problems } from '../spec/problems.ts';
import { listProfiles } from '../spec/profile/list-profiles.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command } from './command.ts';
import { profileListOnlyFlags } from './flags.ts';
import { askedPlaces } from './profile-places.ts';
import { wordProblems } from './words.ts';

/** `sandbox profile ls`: what there is. One that is no good is shown as such, and is no failure. */
export const profileLs: Command = async (args, { terminal }) =>
  await answer({ terminal, isJson: isJson(args) }, async () => {
    const problems = new Problems(wordProblems(args, { command: 'profile ls', names: [] }));
    const places = await askedPlaces(args, problems);
    problems.throwIfAny('See: sandbox profile ls --help');
    const rows = await listProfiles(places);
    const isQuiet = args.values[profileListOnlyFlags.quiet.name] === true;
    const text = isQuiet ? profileNames(rows) : profileTable(rows);
    terminal.stdout.write(isJson(args) ? jsonText({ profiles: rows }) : text);
    return answers.fine;
  });
