import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as v from 'valibot';
import { errnoOf } from '../../failure.ts';
import { Expectation } from '../expectation.ts';
import { HeldDirectory } from '../held-directory.ts';
import { nearestOf } from '../nearest.ts';
import { notFollowed } from '../regular-file.ts';
import { whyUnreadable } from '../unreadable.ts';
import { directoryVariable, homeDirectory } from '../variables.ts';
import { builtInProfiles } from './built-in-profiles.ts';
import { type ProfileFile, parseProfileFile, unreadableProfile } from './profile-file.ts';
import { profileNamePattern, profileSchema } from './profile-schema.ts';
import { type ReadFiles, filesOf } from './source-file.ts';

export type ProfileOrigin = 'built-in' | 'user' | 'project';

/** Where profiles of one's own are looked for. */
export interface ProfilePlaces {
  readonly user: string | null;
  readonly project: string | null;
}

/** With its files: read together with it, before anybody could put another folder in the place of its own. */
export interface FoundProfile extends ReadFiles {
  readonly file: ProfileFile;
  readonly origin: ProfileOrigin;
  /** Null where it is built in. */
  readonly path: string | null;
}

export function profilePlaces(env: NodeJS.ProcessEnv, workspace: string | null): ProfilePlaces {
  const config = directoryVariable(env, 'XDG_CONFIG_HOME') ?? join(homeDirectory(env), '.config');
  return {
    user: join(config, 'sandbox', 'profiles'),
    project: workspace === null ? null : join(workspace, '.sandbox', 'profiles'),
  };
}

/**
 * The profile of a name: built in, else the caller's own, else the project's, so that a project never stands in
 * for another one. Throws an Expectation where there is none, rejects with `profile-unreadable` where it is no good.
 * `asking`: those that want it, which would be no answer.
 */
export async function findProfile(
  name: string,
  places: ProfilePlaces,
  asking: readonly string[] = [],
): Promise<FoundProfile> {
  const builtIn = builtInProfiles.find((profile) => profile.name === name);
  if (builtIn) return await builtInProfile(v.parse(profileSchema, builtIn));
  const found = (await readIn(places, 'user', name)) ?? (await readIn(places, 'project', name));
  if (found) return found;
  const known = (await readableNames(places)).filter((each) => !asking.includes(each));
  throw new Expectation(`one of ${known.join(', ')}`, name, nearestOf(name, known));
}

/** Of those that could be asked for: a directory or what is no profile is not worth to be named. */
async function readableNames(places: ProfilePlaces): Promise<string[]> {
  const rows = await profileNames(places);
  const readable = rows.map(async ({ name, origin }) => {
    if (origin === 'built-in') return name;
    const found = await readIn(places, origin, name).catch(() => null);
    return found && name;
  });
  const names = await Promise.all(readable);
  return [...new Set(names.filter((name) => name !== null))];
}

/** Every profile there may be, in the order in which they are looked for. */
export async function profileNames(
  places: ProfilePlaces,
): Promise<readonly { readonly name: string; readonly origin: ProfileOrigin }[]> {
  const [user, project] = await Promise.all([namesIn(places.user), namesIn(places.project)]);
  return [
    ...builtInProfiles.map(({ name }) => ({ name, origin: 'built-in' as const })),
    ...user.map((name) => ({ name, origin: 'user' as const })),
    ...project.map((name) => ({ name, origin: 'project' as const })),
  ];
}

/** The profile of a name in one place, or null where there is no such file. */
export async function readIn(
  places: ProfilePlaces,
  origin: 'user' | 'project',
  name: string,
): Promise<FoundProfile | null> {
  const directory = places[origin];
  if (directory === null || !profileNamePattern.test(name)) return null;
  return await readProfile(join(directory, `${name}.json`), origin);
}

async function builtInProfile(file: ProfileFile): Promise<FoundProfile> {
  return { file, origin: 'built-in', path: null, ...(await filesOf(file, null)) };
}

/** A project's profile is never reached by way of a link, which a task may have planted. */
export async function readProfile(
  path: string,
  origin: 'user' | 'project',
): Promise<FoundProfile | null> {
  const refuseLinks = origin === 'project';
  const folder = await ifThere(path, () => HeldDirectory.open(dirname(path), { refuseLinks }));
  if (folder === null) return null;
  try {
    const content = await ifThere(path, () => folder.read(basename(path)));
    if (content === null) return null;
    const file = parseProfileFile(path, content);
    return { file, origin, path, ...(await filesOf(file, folder)) };
  } finally {
    await folder.close();
  }
}

async function ifThere<T>(path: string, read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw unreadableProfile(
      path,
      [`it cannot be read: ${whyUnreadable(error, notFollowed)}`],
      error,
    );
  }
}

/** Also of those that are no good, which are refused once they are read. */
async function namesIn(directory: string | null): Promise<string[]> {
  if (directory === null) return [];
  try {
    const entries = await readdir(directory);
    const files = entries.filter((entry) => entry.endsWith('.json'));
    return files.map((entry) => entry.slice(0, -'.json'.length)).sort();
  } catch {
    // A place that is not there or cannot be read has no profile to offer; asking for one by name says why.
    return [];
  }
}
