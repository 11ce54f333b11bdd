// What the single binary starts with: the bundle, with its code cache where it has one. Node's own setting for it keeps
// only what is compiled before anything is called.
const { getAsset, getAssetKeys, getRawAsset } = require('node:sea');
const { Buffer } = require('node:buffer');
const { Script } = require('node:vm');

const hasCache = getAssetKeys().includes('code-cache');
// One that V8 cannot use, it leaves alone.
const options = hasCache ? { cachedData: Buffer.from(getRawAsset('code-cache')) } : {};
const script = new Script(getAsset('bundle', 'utf8'), { filename: 'sandbox.cjs', ...options });
script.runInThisContext()(require);
