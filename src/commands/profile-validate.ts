import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { scratchTargets } from '../engine/scratch-space.ts';
import { reportEvent } from '../report/human.ts';
import { jsonText } from '../report/json.ts';
import { printable } from '../report/terminal.ts';
import { workspaceTarget } from '../spec/choices.ts';
import { isInside } from '../spec/host-path.ts';
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
    const warnings = unseenFiles(await validate(path, places));
    for (const message of warnings) {
      reportEvent(terminal, { kind: 'warning', message }, { quiet: false, verbose: false });
    }
    const line = `${printable(shortest(path))}: a profile that can be used\n`;
    terminal.stdout.write(isJson(args) ? jsonText({ path, valid: true, warnings }) : line);
    return answers.fine;
  });

/** Setup tasks may need them, so they are no mistake for certain. */
function unseenFiles({ recipe, environment }: Profile): string[] {
  const hidden = [workspaceTarget, ...scratchTargets({ mounts: [], environment })];
  return (recipe?.files ?? []).flatMap(({ path }) => {
    const place = hidden.find((target) => isInside(path, target));
    if (place === undefined) return [];
    return [
      `no task sees the file ${path}: it has a ${place} of its own, without what the image has there`,
    ];
  });
}

function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.length < path.length ? fromHere : path;
}

/** With the directory's real path, by which a project's place is known; the file itself may be no link. */
async function canonicalPath(path: string): Promise<string> {
  const directory = await realpath(dirname(path)).catch(() => dirname(path));
  return join(directory, basename(path));
}

async function validate(path: string, places: ProfilePlaces): Promise<Profile> {
  const origin = dirname(path) === places.project ? 'project' : 'user';
  const found = await readProfile(path, origin);
  if (!found) throw unreadableProfile(path, ['there is no such file']);
  const profile = await resolveProfile(found, places);
  if (profile.isProjects) refuseWidening(path, profile);
  return profile;
}

/** What a run without any other setting would refuse. */
function refuseWidening(path: string, { settings, needsNestedDocker }: Profile): void {
  const problems = new Problems();
  const below = [defaultLayer(), settings.builtIn];
  resolveLayers({ below, project: settings.own, above: [] }, problems);
  if (needsNestedDocker) problems.add(path, '"extends": a project may not extend docker-host');
  if (!problems.isEmpty) throw refusedProfile(path, problems.found);
}
