// Makes dist/sandbox: one file with a Node in it, for machines that have none.
//   npm run build:binary [-- --platform linux-arm64] [--output FILE]
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { root } from './bundle.mjs';
import { writeChunks } from './chunks.mjs';
import { hostPlatform, pinnedNode, platforms } from './pinned-node.mjs';
import { rehearse } from './rehearsal.mjs';

const { platform, output } = parsedOptions();
const temporary = mkdtempSync(join(tmpdir(), 'sandbox-binary-'));
try {
  await main();
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

async function main() {
  // Since 25 Node's own programs for Linux need libatomic, which a plain Debian or Ubuntu does not have
  // (https://github.com/nodejs/node/issues/60790).
  const pin = platform.startsWith('linux-') ? 'lts' : 'current';
  const made = join(temporary, 'sandbox');
  const chunks = await writeChunks(temporary);
  copyFileSync(pinnedNode(pin, platform), made);
  strip(made);
  inject(await blobOf(chunks, pinnedNode(pin)), made);
  sign(made);
  install(made);
  console.log(output);
}

function parsedOptions() {
  const { values } = parseArgs({
    options: { platform: { type: 'string', default: hostPlatform }, output: { type: 'string' } },
  });
  if (!platforms.includes(values.platform))
    throw new Error(`expected --platform ${platforms.join('|')}, got "${values.platform}"`);
  const name = values.platform === hostPlatform ? 'sandbox' : `sandbox-${values.platform}`;
  return { platform: values.platform, output: resolve(values.output ?? join(root, 'dist', name)) };
}

/** A fifth of the file is for debuggers. A linker of this machine only knows this machine's programs. */
function strip(made) {
  if (!platform.startsWith('linux-') || platform !== hostPlatform) return;
  try {
    execFileSync('strip', [made], { stdio: 'ignore' });
  } catch (error) {
    console.warn(`not stripped, which costs size only: ${error.message}`);
  }
}

/** Written by the same version that will read it. */
async function blobOf(chunks, node) {
  const [main, config, blob] = ['main.cjs', 'sea.json', 'sea.blob'].map((n) => join(temporary, n));
  const settings = {
    // As it stands in stack traces: no path of this machine.
    main: basename(main),
    assets: { ...assetsOf(chunks, ''), ...assetsOf(await codeCaches(chunks, node), '.cache') },
    output: blob,
    disableExperimentalSEAWarning: true,
    // NODE_OPTIONS are not for us.
    execArgvExtension: 'none',
    execArgv: nodeArguments(),
  };
  await build({
    entryPoints: [join(import.meta.dirname, 'binary-main.cjs')],
    outfile: main,
    bundle: true,
    platform: 'node',
    target: 'node24',
  });
  writeFileSync(config, JSON.stringify(settings));
  execFileSync(node, ['--experimental-sea-config', config], { cwd: temporary, stdio: 'pipe' });
  return blob;
}

/** As the other way to start the program has them, down to the `--` before its own. */
function nodeArguments() {
  const line = readFileSync(join(root, 'bin/sandbox.js'), 'utf8').split('\n')[1];
  const [, words] = /exec node (.* --) "\$0" "\$@"$/.exec(line);
  return words.split(' ');
}

/** Named as one chunk asks for another. */
function assetsOf(directory, suffix) {
  const names = readdirSync(directory);
  return Object.fromEntries(names.map((name) => [`./${name}${suffix}`, join(directory, name)]));
}

/** Made by V8 for one processor: for another there are none. */
async function codeCaches(chunks, node) {
  const caches = join(temporary, 'caches');
  mkdirSync(caches);
  if (platform !== hostPlatform) return caches;
  const directory = mkdtempSync(join(temporary, 'rehearsal-'));
  await rehearse({ node, chunks, caches, directory });
  return caches;
}

/** As https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html has it. */
function inject(blob, made) {
  const postject = fileURLToPath(import.meta.resolve('postject/dist/cli.js'));
  const fuse = ['--sentinel-fuse', 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'];
  const segment = platform.startsWith('darwin-') ? ['--macho-segment-name', 'NODE_SEA'] : [];
  const args = [postject, made, 'NODE_SEA_BLOB', blob, ...fuse, ...segment];
  execFileSync(process.execPath, args, { stdio: 'pipe' });
}

/** macOS starts no program whose signature does not fit any more. */
function sign(made) {
  if (!platform.startsWith('darwin-')) return;
  if (process.platform === 'darwin') execFileSync('codesign', ['--force', '--sign', '-', made]);
  else console.warn('not signed: run `codesign --force --sign - FILE` on a Mac before it is used');
}

/** In one step: somebody may be running the old one. */
function install(made) {
  mkdirSync(dirname(output), { recursive: true });
  const beside = `${output}.${process.pid}`;
  copyFileSync(made, beside);
  renameSync(beside, output);
}
