// What the single binary starts with: the chunks of the program, each with its code cache where it has one. Node's own
// setting for that keeps only what is compiled before anything is called.
const { getAssetKeys, getRawAsset } = require('node:sea');
const { Buffer } = require('node:buffer');
const { ChunkLoader } = require('./chunk-loader.cjs');

const known = new Set(getAssetKeys());

const loader = new ChunkLoader({
  // Nothing but ASCII is in it, which needs no decoding.
  sourceOf: (name) => (known.has(name) ? bytesOf(name).latin1Slice() : undefined),
  cacheOf: (name) => (known.has(`${name}.cache`) ? bytesOf(`${name}.cache`) : undefined),
});
loader.require('./main.js');

function bytesOf(name) {
  return Buffer.from(getRawAsset(name));
}
