import { jsonText } from '../report/json.ts';
import { profileJson, profileText } from '../report/profiles.ts';
import { Problems } from '../spec/problems.ts';
import { loadProfile } from '../spec/profile/resolve-profile.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command } from './command.ts';
import { askedPlaces } from './profile-places.ts';
import { wordProblems } from './words.ts';

/** `sandbox profile show NAME`: what a run would make of it. */
export const profileShow: Command = async (args, { terminal }) =>
  await answer({ terminal, isJson: isJson(args) }, async () => {
    const expected = { command: 'profile show', names: ['NAME'] };
    const problems = new Problems(wordProblems(args, expected));
    const places = await askedPlaces(args, problems);
    const [name] = args.rest;
    const profile =
      name === undefined || name === ''
        ? undefined
        : await problems.attemptAsync('NAME', () => loadProfile(name, places));
    problems.throwIfAny('See: sandbox profile show --help');
    if (profile === undefined) throw new Error('no profile, and no problem');
    const shown = isJson(args) ? jsonText(profileJson(profile)) : profileText(profile);
    terminal.stdout.write(shown);
    return answers.fine;
  });
