// The tests on another program or another Node than everybody's own:
//   npm run test:on -- binary              the single binary
//   npm run test:on -- oldest|current      the Nodes of scripts/nodes
//   npm run test:on -- binary --all        all of them instead of the main paths
//   npm run test:on -- oldest ARGUMENT…    what vitest is to run, such as a file
import { spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { root } from './bundle.mjs';
import { pinnedNode } from './pinned-node.mjs';

/** Every command, engine and kind of ending; what differs between programs and Nodes shows there. */
const mainPaths = [
  'test/e2e/main-paths.test.ts',
  'test/e2e/readme.test.ts',
  'test/conformance/commands.test.ts',
  'test/conformance/streams.test.ts',
];
const projects = ['conformance', 'e2e', 'alone'].flatMap((name) => ['--project', name]);

const subjects = {
  binary: () => ({ SANDBOX_TEST_PROGRAM: 'dist/sandbox' }),
  oldest: () => firstOnPath('oldest'),
  current: () => firstOnPath('current'),
};

const [name, ...args] = process.argv.slice(2);
const subject = subjects[name];
if (!subject) throw new Error(`expected ${Object.keys(subjects).join('|')}, got "${name}"`);
process.exitCode = test(subject());

function test(env) {
  const chosen = args.length === 0 ? mainPaths : args.filter((arg) => arg !== '--all');
  const vitest = join(root, 'node_modules/.bin/vitest');
  const options = { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' };
  return spawnSync(vitest, ['run', ...projects, ...chosen], options).status ?? 1;
}

/** For vitest, and so for the library that it loads, as for the programs that tests start. */
function firstOnPath(node) {
  return { PATH: [dirname(pinnedNode(node)), process.env.PATH].join(delimiter) };
}
