// The program as the single binary has it: chunks that are only loaded when they are needed, each a CommonJS function.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { bundle } from './bundle.mjs';

/** Writes one file for each chunk into `directory`; `main.js` is the one to begin with. */
export async function writeChunks(directory) {
  const modules = join(directory, 'modules');
  await bundle({
    entryPoints: ['src/main.ts'],
    outdir: modules,
    splitting: true,
    format: 'esm',
    target: 'node24',
    chunkNames: '[name]-[hash]',
    legalComments: 'eof',
  });
  const chunks = join(directory, 'chunks');
  mkdirSync(chunks);
  for (const name of readdirSync(modules)) {
    const source = await commonJs(readFileSync(join(modules, name), 'utf8'));
    writeFileSync(join(chunks, name), source, 'latin1');
  }
  return chunks;
}

/** Only CommonJS can be compiled with a code cache of our own, and only functions can be handed a `require`. */
async function commonJs(source) {
  const { code } = await transform(source, {
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    charset: 'ascii',
    supported: { 'dynamic-import': false },
  });
  return `(function (require, exports, module) {${code}\n})`;
}
