import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileShape, abandonedFiles } from './abandoned-files.ts';
import type { Leftover } from './engine.ts';
import { ownTemporaryDirectory } from './own-directory.ts';
import { abandonedDirectories } from './owned-directory.ts';
import { secretsDirectory } from './secrets-directory.ts';

/** What is kept in our temporary directories for a moment, by folder. Drafts end in what makes their names unique. */
const shapes: readonly (FileShape & { readonly folder: string })[] = [
  { folder: '.', name: /^[\w-]+\.json\.[0-9a-f]{12}$/, judgedBy: 'age' },
  { folder: '.', name: /^output-[0-9a-f]{12}$/, judgedBy: 'age' },
  { folder: '.', name: /^sandbox-[a-z]+\.lock/, judgedBy: 'lock' },
  { folder: 'builds', name: /\.lock/, judgedBy: 'lock' },
  { folder: 'identities', name: /\.(json|text)\.[0-9a-f]{12}$/, judgedBy: 'age' },
  { folder: 'live', name: /\.[0-9a-f]{12}(\.draft)?$/, judgedBy: 'age' },
];

/** What killed runs left on this host, whichever engine they had. Rejects where our temporary directory is not ours. */
export async function hostLeftovers(): Promise<Leftover[]> {
  // Locks that all processes of a user share lie in the second one, whatever TMPDIR is.
  const parents = [...new Set([tmpdir(), '/tmp'])];
  const places = await Promise.all(parents.map((parent) => ownTemporaryDirectory(parent)));
  const found = await Promise.all([
    abandonedDirectories(await secretsDirectory()),
    ...places.flatMap((place) =>
      shapes.map(({ folder, ...shape }) => abandonedFiles(join(place, folder), shape)),
    ),
  ]);
  return found.flat();
}
