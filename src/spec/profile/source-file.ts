import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../failure.ts';
import { isInside } from '../host-path.ts';
import { readPlantableBytes, refuseDetour } from '../regular-file.ts';
import type { FoundProfile } from './find-profile.ts';
import { unreadableProfile } from './profile-file.ts';
import type { Recipe } from './recipe.ts';

type RecipeFile = Recipe['files'][number];

/** The files of one profile with what is in them. */
export async function filesOf({ file, path }: FoundProfile): Promise<RecipeFile[]> {
  const files = (file.files ?? []).map(async ({ path: target, content, source, mode = '0644' }) => {
    const bytes =
      content === undefined
        ? await readSource(path ?? '', source ?? '')
        : Buffer.from(content, 'utf8');
    return { path: target, mode, base64: bytes.toString('base64') };
  });
  return await Promise.all(files);
}

/** A project's profile must not bring a file of the host into an image that its tasks can read. */
async function readSource(profile: string, source: string): Promise<Buffer> {
  try {
    const folder = await realpath(dirname(profile));
    const path = await realpath(join(folder, source));
    if (!isInside(path, folder)) throw new Error(`it is not below ${folder}`);
    return await readPlantableBytes(path, refuseDetour);
  } catch (error) {
    throw unreadableProfile(profile, [`"source" ${source}: ${messageOf(error)}`], error);
  }
}
