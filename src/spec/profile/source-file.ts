import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import type { Problem } from '../../failure.ts';
import { isInside } from '../host-path.ts';
import { readPlantableBytes, refuseDetour, whyUnreadable } from '../regular-file.ts';
import type { FoundProfile } from './find-profile.ts';
import { refusedProfile } from './profile-file.ts';
import { labelOf } from './profile-chain.ts';
import type { Recipe } from './recipe.ts';

/** A file of an image, and the file of the host that it is a copy of, if any. */
export interface SourcedFile {
  readonly file: Recipe['files'][number];
  readonly source: string | null;
}

/** The files of some profiles with what is in them. Rejects with every source that cannot be had. */
export async function filesOf(links: readonly FoundProfile[]): Promise<SourcedFile[]> {
  const rows = (await Promise.all(links.map(filesOfOne))).flat();
  const problems = rows.filter((row) => 'message' in row);
  const [first] = problems;
  if (first) throw refusedProfile(first.subject, problems);
  return rows.filter((row) => 'file' in row);
}

async function filesOfOne(link: FoundProfile): Promise<(SourcedFile | Problem)[]> {
  const rows = link.file.files ?? [];
  return await Promise.all(
    rows.map(async ({ path, content = '', source, mode = '0644' }, index) => {
      const sourced = (bytes: Buffer, from: string | null): SourcedFile => ({
        file: { path, mode, base64: bytes.toString('base64') },
        source: from,
      });
      if (source === undefined) return sourced(Buffer.from(content, 'utf8'), null);
      try {
        const found = await readSource(link.path ?? '', source);
        return sourced(found.bytes, found.path);
      } catch (error) {
        const message = `"files.${index}.source" ${source}: ${whyUnreadable(error)}`;
        return { subject: labelOf(link), message };
      }
    }),
  );
}

/** A project's profile must not bring a file of the host into an image that its tasks can read. */
async function readSource(profile: string, source: string) {
  if (isAbsolute(source)) throw new Error('expected a path relative to the profile');
  const folder = await realpath(dirname(profile));
  const path = await realpath(join(folder, source));
  if (!isInside(path, folder)) throw new Error(`it is not below ${folder}`);
  return { path, bytes: await readPlantableBytes(path, refuseDetour) };
}
