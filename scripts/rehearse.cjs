// NODE rehearse.cjs BUNDLE CACHE ARGS…: runs the bundle and writes, as it ends, the code cache of what was called.
const { readFileSync, writeFileSync } = require('node:fs');
const process = require('node:process');
const { Script } = require('node:vm');

const [bundled, cache] = process.argv.splice(2, 2);
const script = new Script(readFileSync(bundled, 'utf8'), { filename: 'sandbox.cjs' });
process.on('exit', () => writeFileSync(cache, script.createCachedData()));
script.runInThisContext()(require);
