import { join } from 'node:path';
import { SandboxFailure } from '../../failure.ts';
import {
  type FoundProfile,
  type ProfileOrigin,
  type ProfilePlaces,
  findProfile,
  profileNames,
  readIn,
} from './find-profile.ts';
import { unreadableProfile } from './profile-file.ts';
import { profileNamePattern } from './profile-schema.ts';
import { resolveProfile } from './resolve-profile.ts';

export interface ListedProfile {
  readonly name: string;
  readonly origin: ProfileOrigin;
  readonly path: string | null;
  /** Null where it could not be read. */
  readonly description: string | null;
  /** `shadowed`: another one of that name is used instead. */
  readonly state: 'usable' | 'shadowed' | 'refused';
  /** Why it is refused. */
  readonly problems: readonly string[];
}

/** Every profile and whether it can be used. */
export async function listProfiles(places: ProfilePlaces): Promise<ListedProfile[]> {
  const names = await profileNames(places);
  return await Promise.all(names.map((row) => listed(row, places)));
}

async function listed(
  { name, origin }: { readonly name: string; readonly origin: ProfileOrigin },
  places: ProfilePlaces,
): Promise<ListedProfile> {
  const path = origin === 'built-in' ? null : join(places[origin] ?? '', `${name}.json`);
  const row = { name, origin, path };
  try {
    const found = await foundIn(places, row);
    const { description } = await resolveProfile(found, places);
    const state = (await isUsed(found, places)) ? 'usable' : 'shadowed';
    return { ...row, description, state, problems: [] };
  } catch (error) {
    if (!(error instanceof SandboxFailure)) throw error;
    // Those in the file itself need not name it again.
    const problems = error.problems.map(({ subject, message }) =>
      subject === path ? message : `${subject}: ${message}`,
    );
    return { ...row, description: null, state: 'refused', problems };
  }
}

async function foundIn(
  places: ProfilePlaces,
  { name, origin, path }: Pick<ListedProfile, 'name' | 'origin' | 'path'>,
): Promise<FoundProfile> {
  if (origin === 'built-in' || path === null) return await findProfile(name, places);
  if (!profileNamePattern.test(name)) {
    throw unreadableProfile(path, ['the name of the file: expected a-z, 0-9 and "-" between them']);
  }
  const found = await readIn(places, origin, name);
  if (!found) throw unreadableProfile(path, ['there is no such file any more']);
  return found;
}

/** A project's profile gives way to the caller's own of the same name, also where that one is no good. */
async function isUsed({ origin, file }: FoundProfile, places: ProfilePlaces): Promise<boolean> {
  if (origin !== 'project') return true;
  try {
    return (await readIn(places, 'user', file.name)) === null;
  } catch (error) {
    if (error instanceof SandboxFailure) return false;
    throw error;
  }
}
