import { Expectation } from '../expectation.ts';
import { type FoundProfile, type ProfilePlaces, findProfile } from './find-profile.ts';
import { unreadableProfile } from './profile-file.ts';

const mostLinks = 16;

/** A profile and what it extends, itself first. */
export async function chainOf(own: FoundProfile, places: ProfilePlaces): Promise<FoundProfile[]> {
  const chain = [own];
  for (let child = own; child.file.extends !== undefined;) {
    child = await extendedBy(child, { places, chain });
    chain.push(child);
  }
  return chain;
}

async function extendedBy(
  child: FoundProfile,
  { places, chain }: { places: ProfilePlaces; chain: readonly FoundProfile[] },
): Promise<FoundProfile> {
  const name = child.file.extends ?? '';
  const problem = (message: string) => unreadableProfile(labelOf(child), [`"extends": ${message}`]);
  const names = chain.map(({ file }) => file.name);
  if (names.includes(name)) {
    throw problem(`expected no circle, got ${[...names, name].join(' → ')}`);
  }
  if (chain.length >= mostLinks) throw problem(`expected at most ${mostLinks} profiles in a chain`);
  try {
    return await findProfile(name, places, names);
  } catch (error) {
    throw error instanceof Expectation ? problem(error.message) : error;
  }
}

/** What its problems and settings are said to come from. */
export function labelOf({ path, file }: FoundProfile): string {
  return path ?? `profile ${file.name}`;
}
