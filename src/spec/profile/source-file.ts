import { isAbsolute } from 'node:path';
import type { HeldDirectory } from '../held-directory.ts';
import { notFollowed } from '../regular-file.ts';
import { whyUnreadable } from '../unreadable.ts';
import type { ProfileFile } from './profile-file.ts';
import type { Recipe } from './recipe.ts';

/** A file of an image, and the file of the host that it is a copy of, if any. */
interface SourcedFile {
  readonly file: Recipe['files'][number];
  readonly source: string | null;
}

export interface ReadFiles {
  readonly files: readonly SourcedFile[];
  /** Why a source cannot be had, one for each; told where the image of a profile is asked for. */
  readonly missing: readonly string[];
}

/** The files of one profile with what is in them; a built-in one has no folder and no sources. */
export async function filesOf(
  { files = [] }: ProfileFile,
  folder: HeldDirectory | null,
): Promise<ReadFiles> {
  const rows = await Promise.all(files.map((entry, index) => fileOf(entry, { index, folder })));
  return {
    files: rows.filter((row) => typeof row !== 'string'),
    missing: rows.filter((row) => typeof row === 'string'),
  };
}

type Entry = NonNullable<ProfileFile['files']>[number];

/** Text: why its source cannot be had. */
async function fileOf(
  { path, content = '', source, mode = '0644' }: Entry,
  { index, folder }: { readonly index: number; readonly folder: HeldDirectory | null },
): Promise<SourcedFile | string> {
  const sourced = (bytes: Buffer, from: string | null): SourcedFile => ({
    file: { path, mode, base64: bytes.toString('base64') },
    source: from,
  });
  if (source === undefined) return sourced(Buffer.from(content, 'utf8'), null);
  try {
    const found = await readSource(source, folder);
    return sourced(found.bytes, found.path);
  } catch (error) {
    return `"files.${index}.source" ${source}: ${whyUnreadable(error, notFollowed)}`;
  }
}

/**
 * A project's profile must not bring a file of the host into an image that its tasks can read: the folder is the very
 * one that the profile was read from, whatever has its name by now.
 */
async function readSource(source: string, folder: HeldDirectory | null) {
  if (folder === null) throw new Error('a built-in profile has no folder');
  if (isAbsolute(source)) throw new Error('expected a path relative to the profile');
  return { path: folder.pathOf(source), bytes: await folder.read(source) };
}
