// NODE rehearse.cjs CHUNKS CACHES ARGV…: runs the program whose chunks are in the directory CHUNKS once with each ARGV, a
// JSON array, and writes the code cache of all that was called into the directory CACHES.
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const process = require('node:process');
const { ChunkLoader } = require('./chunk-loader.cjs');

const [chunks, caches, ...runs] = process.argv.splice(2);
const loader = new ChunkLoader({
  sourceOf: (name) =>
    existsSync(join(chunks, name)) ? readFileSync(join(chunks, name), 'latin1') : undefined,
  cacheOf: () => undefined,
});
const end = process.exit;
void rehearse();

async function rehearse() {
  for (const argv of runs) {
    await once(JSON.parse(argv));
    if (process.exitCode !== 0) end();
  }
  for (const [name, cache] of loader.caches()) writeFileSync(join(caches, name), cache);
  end();
}

/** The program ends with `process.exit()`, which is only the end of its turn here. */
async function once(argv) {
  process.argv.splice(2, Infinity, ...argv);
  loader.forget();
  await new Promise((resolve) => {
    process.exit = resolve;
    loader.require('./main.js');
  });
}
