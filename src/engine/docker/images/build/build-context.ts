import type { Readable } from 'node:stream';
import type { Recipe } from '../../../../spec/profile/recipe.ts';
import { filesDirectory } from './dockerfile.ts';

/** The tar archive that a build is made of. The same recipe gives the same bytes, so that the engine finds its cache. */
export async function buildContext(dockerfile: string, files: Recipe['files']): Promise<Readable> {
  const { default: tar } = await import('tar-stream');
  const archive = tar.pack();
  const mtime = new Date(0);
  archive.entry({ name: 'Dockerfile', mode: 0o644, mtime }, dockerfile);
  files.forEach(({ mode, base64 }, index) => {
    const header = { name: `${filesDirectory}/${index}`, mode: Number.parseInt(mode, 8), mtime };
    archive.entry(header, Buffer.from(base64, 'base64'));
  });
  archive.finalize();
  return archive;
}
