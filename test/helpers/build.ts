import { join } from 'node:path';
import { execaNode } from 'execa';
import { binPath, projectRoot } from './cli.ts';

/** One file with a Node in it. */
export const binaryPath = join(projectRoot, 'dist/sandbox');

/** The program under test is the built one, and it is never an old one. */
export default async function build(): Promise<void> {
  await execaNode('scripts/build.mjs', { cwd: projectRoot });
  if (binPath === binaryPath) await buildBinary();
}

export async function buildBinary(): Promise<void> {
  await execaNode('scripts/build-binary.mjs', { cwd: projectRoot });
}
