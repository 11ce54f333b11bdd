// Bundles the soak and starts it: npm run soak -- [--tasks N] [--seed TEXT] [--jobs N].
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const outfile = fileURLToPath(
  new URL('../../node_modules/.cache/sandbox-soak.mjs', import.meta.url),
);
await build({
  entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
});
const { main } = await import(outfile);
process.exit(await main(process.argv.slice(2)));
