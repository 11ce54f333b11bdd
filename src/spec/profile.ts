import base from '../../images/base/profile.json' with { type: 'json' };
import builder from '../../images/builder/profile.json' with { type: 'json' };
import { Expectation } from './expectation.ts';

/** A named environment. */
export interface Profile {
  readonly name: string;
  readonly description: string;
  readonly image: string;
  /** True where the image is built from the project's own recipe and must never be pulled by that name. */
  readonly local: boolean;
  /** The program that runs a `-c` line. */
  readonly shell: string;
}

const profiles: readonly Profile[] = [base, builder];

export function findProfile(name: string): Profile {
  const profile = profiles.find((candidate) => candidate.name === name);
  if (profile) return profile;
  throw new Expectation(`one of ${profiles.map((known) => known.name).join(', ')}`, name);
}

/** The built-in profile whose own recipe makes this image, if any. */
export function profileOfLocalImage(image: string): Profile | undefined {
  return profiles.find((profile) => profile.local && profile.image === image);
}
