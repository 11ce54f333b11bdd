// Bundles the benchmarks and starts them: npm run bench -- [ROW…] [options].
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const outdir = fileURLToPath(new URL('../node_modules/.cache/sandbox-bench/', import.meta.url));
const shared = { bundle: true, platform: 'node', target: 'node20.19', logLevel: 'warning' };
await Promise.all([
  build({
    ...shared,
    entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))],
    outfile: `${outdir}main.mjs`,
    format: 'esm',
    packages: 'external',
  }),
  // The floor must not pay for the loading of modules, so it is the format that starts fastest.
  build({
    ...shared,
    entryPoints: [fileURLToPath(new URL('raw-run.ts', import.meta.url))],
    outfile: `${outdir}raw-run.cjs`,
    format: 'cjs',
  }),
]);
const { main } = await import(`${outdir}main.mjs`);
process.exitCode = await main(process.argv.slice(2), `${outdir}raw-run.cjs`);
