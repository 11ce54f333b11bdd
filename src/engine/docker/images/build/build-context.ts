import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Recipe } from '../../../../spec/profile/recipe.ts';
import { filesArchive } from './dockerfile.ts';

/** Of everything, so that the same recipe gives the same bytes and the engine finds its cache. */
const mtime = new Date(0);

/** The tar archive that a build is made of. */
export async function buildContext(dockerfile: string, files: Recipe['files']): Promise<Readable> {
  const { default: tar } = await import('tar-stream');
  const archive = tar.pack();
  archive.entry({ name: 'Dockerfile', mode: 0o644, mtime }, dockerfile);
  if (files.length > 0) archive.entry({ name: filesArchive, mtime }, await archiveOf(files));
  archive.finalize();
  return archive;
}

/**
 * Each file at its place, as root's, and no directory: one that is there keeps its owner and mode, and one that is
 * not is made by the engine, with 0755.
 */
async function archiveOf(files: Recipe['files']): Promise<Buffer> {
  const { default: tar } = await import('tar-stream');
  const archive = tar.pack();
  for (const { path, mode, base64 } of files) {
    const header = { name: path.slice(1), mode: Number.parseInt(mode, 8), mtime };
    archive.entry(header, Buffer.from(base64, 'base64'));
  }
  archive.finalize();
  return await buffer(archive);
}
