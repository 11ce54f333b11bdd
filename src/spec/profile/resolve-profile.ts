import type { Layer } from '../layers.ts';
import { nestedDockerProfile } from './built-in-profiles.ts';
import {
  type FoundProfile,
  type ProfileOrigin,
  type ProfilePlaces,
  findProfile,
} from './find-profile.ts';
import { imageSourceOf, shellOf } from './make-recipe.ts';
import { chainOf, labelOf } from './profile-chain.ts';
import { profileLayer } from './profile-file.ts';
import { repositoryOf } from './image-repository.ts';
import type { Recipe } from './recipe.ts';

/** A named environment with everything that it extends worked in. */
export interface Profile {
  readonly name: string;
  readonly description: string;
  readonly origin: ProfileOrigin;
  /** True where a project, which may be untrusted, has a part in it. */
  readonly isProjects: boolean;
  /** The file; null where it is built in. */
  readonly path: string | null;
  /** Itself first, then what it extends. */
  readonly chain: readonly string[];
  /** As it is where there is no recipe, else the repository that the built image goes to. */
  readonly image: string;
  readonly recipe: Recipe | null;
  /** The files of this host that are in the recipe, by their path in the image. */
  readonly sources: Readonly<Record<string, string>>;
  readonly settings: {
    /** Of the built-in profiles in the chain, which nobody but us has written. */
    readonly builtIn: Layer;
    /** Of the others; these win. */
    readonly own: Layer;
  };
  readonly environment: Readonly<Record<string, string>>;
  /** The program that runs a `-c` line. */
  readonly shell: string;
  /** True where its tasks need privileges that break isolation. */
  readonly needsNestedDocker: boolean;
}

/** Throws an Expectation for an unknown name, rejects with `profile-unreadable` for one that is no good. */
export async function loadProfile(name: string, places: ProfilePlaces): Promise<Profile> {
  return await resolveProfile(await findProfile(name, places), places);
}

/** Rejects with `profile-unreadable` where what it needs is no good. */
export async function resolveProfile(own: FoundProfile, places: ProfilePlaces): Promise<Profile> {
  const chain = await chainOf(own, places);
  // The one that is extended first, so that what comes later adds to it or stands in for it.
  const links = chain.toReversed();
  const { name, description } = own.file;
  const environment = merged(links.map(({ file }) => file.environment ?? {}));
  const source = imageSourceOf(links, environment);
  return {
    name,
    description,
    origin: own.origin,
    isProjects: chain.some(({ origin }) => origin === 'project'),
    path: own.path,
    chain: chain.map(({ file }) => file.name),
    image: source.kind === 'built' ? repositoryOf(source.owner) : source.image,
    recipe: source.kind === 'built' ? source.recipe : null,
    sources: source.kind === 'built' ? source.sources : {},
    settings: {
      builtIn: layerOf(links.filter(({ origin }) => origin === 'built-in')),
      own: layerOf(links.filter(({ origin }) => origin !== 'built-in')),
    },
    environment,
    shell: shellOf(links),
    needsNestedDocker: chain.some(({ file }) => file.name === nestedDockerProfile),
  };
}

function layerOf(links: readonly FoundProfile[]): Layer {
  return merged(links.map((link) => profileLayer(labelOf(link), link.file)));
}

/** Of the same name the last one wins. */
function merged<T extends object>(records: readonly T[]): T {
  return Object.assign({}, ...records) as T;
}
