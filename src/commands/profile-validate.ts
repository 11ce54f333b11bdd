import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { jsonText } from '../report/json.ts';
import { printable } from '../report/terminal.ts';
import { defaultLayer, resolveLayers } from '../spec/layers.ts';
import { Problems } from '../spec/problems.ts';
import { type ProfilePlaces, readProfile } from '../spec/profile/find-profile.ts';
import { refusedProfile, unreadableProfile } from '../spec/profile/profile-file.ts';
import { type Profile, resolveProfile } from '../spec/profile/resolve-profile.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command } from './command.ts';
import { askedPlaces } from './profile-places.ts';
import { wordProblems } from './words.ts';

/** `sandbox profile validate FILE`: everything that is wrong with it and with what it needs. */
export const profileValidate: Command = async (args, { terminal }) =>
  await answer({ terminal, isJson: isJson(args) }, async () => {
    const expected = { command: 'profile validate', names: ['FILE'] };
    const problems = new Problems(wordProblems(args, expected));
    const places = await askedPlaces(args, problems);
    problems.throwIfAny('See: sandbox profile validate --help');
    const path = await canonicalPath(resolve(args.rest[0] ?? ''));
    await validate(path, places);
    const line = `${printable(shortest(path))}: a profile that can be used\n`;
    terminal.stdout.write(isJson(args) ? jsonText({ path, valid: true }) : line);
    return answers.fine;
  });

function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.length < path.length ? fromHere : path;
}

/** With the directory's real path, by which a project's place is known; the file itself may be no link. */
async function canonicalPath(path: string): Promise<string> {
  const directory = await realpath(dirname(path)).catch(() => dirname(path));
  return join(directory, basename(path));
}

async function validate(path: string, places: ProfilePlaces): Promise<void> {
  const origin = dirname(path) === places.project ? 'project' : 'user';
  const found = await readProfile(path, origin);
  if (!found) throw unreadableProfile(path, ['there is no such file']);
  const profile = await resolveProfile(found, places);
  if (profile.isProjects) refuseWidening(path, profile);
}

/** What a run without any other setting would refuse. */
function refuseWidening(path: string, { settings, needsNestedDocker }: Profile): void {
  const problems = new Problems();
  const below = [defaultLayer(), settings.builtIn];
  resolveLayers({ below, project: settings.own, above: [] }, problems);
  if (needsNestedDocker) problems.add(path, '"extends": a project may not extend docker-host');
  if (!problems.isEmpty) throw refusedProfile(path, problems.found);
}
