// What every build of src has in common.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { esbuildInlined } from './inlined.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Bundles src with esbuild; what a module reads from the project is inside afterwards. */
export async function bundle(options) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  await build({
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    logLevel: 'warning',
    plugins: [esbuildInlined],
    define: { SANDBOX_VERSION: JSON.stringify(version), SANDBOX_COMMIT: JSON.stringify(commit()) },
    ...options,
  });
}

function commit() {
  try {
    const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], options).trim();
  } catch {
    return null;
  }
}
