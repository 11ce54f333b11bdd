import { execaNode } from 'execa';
import { projectRoot } from './cli.ts';

/** The program under test is the built one, and it is never an old one. */
export default async function build(): Promise<void> {
  await execaNode('scripts/build.mjs', { cwd: projectRoot });
}
