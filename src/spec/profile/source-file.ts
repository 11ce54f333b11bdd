import { messageOf } from '../../failure.ts';
import type { HeldDirectory } from '../held-directory.ts';
import { type ProfileFile, unreadableProfile } from './profile-file.ts';
import type { Recipe } from './recipe.ts';

export type RecipeFile = Recipe['files'][number];

/** Where a profile was read; it is what every `source` is relative to. */
export interface ProfilePlace {
  readonly path: string;
  readonly folder: HeldDirectory;
}

/** The files of one profile with what is in them. */
export async function filesOf(
  { files = [] }: ProfileFile,
  place: ProfilePlace | null,
): Promise<RecipeFile[]> {
  const read = files.map(async ({ path, content, source, mode = '0644' }) => {
    const bytes =
      content === undefined ? await readSource(source ?? '', place) : Buffer.from(content, 'utf8');
    return { path, mode, base64: bytes.toString('base64') };
  });
  return await Promise.all(read);
}

/**
 * A project's profile must not bring a file of the host into an image that its tasks can read: the folder is the very
 * one that the profile was read from, whatever has its name by now.
 */
async function readSource(source: string, place: ProfilePlace | null): Promise<Buffer> {
  try {
    if (place === null) throw new Error('a built-in profile has no folder');
    return await place.folder.read(source);
  } catch (error) {
    const problem = `"source" ${source}: ${messageOf(error)}`;
    throw unreadableProfile(place?.path ?? '', [problem], error);
  }
}
