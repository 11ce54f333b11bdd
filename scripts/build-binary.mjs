// Makes dist/sandbox: one file with a Node in it, for machines that have none.
//   npm run build:binary [-- --platform linux-arm64] [--output FILE]
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle, root } from './bundle.mjs';
import { hostPlatform, pinnedNode, platforms } from './pinned-node.mjs';

const { platform, output } = parsedOptions();
const temporary = mkdtempSync(join(tmpdir(), 'sandbox-binary-'));
try {
  await main();
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

async function main() {
  const [bundled, node, made] = ['main.cjs', 'node', 'sandbox'].map((name) =>
    join(temporary, name),
  );
  // CommonJS: an import of a Node module that stands in a module which is not used is not carried out.
  await bundle({
    entryPoints: ['src/main.ts'],
    outfile: bundled,
    format: 'cjs',
    target: 'node26',
    legalComments: 'eof',
  });
  copyFileSync(pinnedNode('current', platform), node);
  strip(node);
  embed({ bundled, node, made });
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
function strip(node) {
  if (!platform.startsWith('linux-') || platform !== hostPlatform) return;
  try {
    execFileSync('strip', [node], { stdio: 'ignore' });
  } catch (error) {
    console.warn(`not stripped, which costs size only: ${error.message}`);
  }
}

function embed({ bundled, node, made }) {
  const config = join(temporary, 'sea.json');
  const settings = {
    main: bundled,
    mainFormat: 'commonjs',
    executable: node,
    output: made,
    disableExperimentalSEAWarning: true,
    // Made by V8 for one processor.
    useCodeCache: platform === hostPlatform,
    // Neither NODE_OPTIONS nor an option of Node's among our arguments is Node's to read.
    execArgvExtension: 'none',
  };
  writeFileSync(config, JSON.stringify(settings));
  execFileSync(pinnedNode('current'), ['--build-sea', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
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
