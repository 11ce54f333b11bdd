import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { printed } from './cli.ts';
import { canBeMade } from './simulation.ts';

const shared = `/tmp/sandbox-${process.getuid?.() ?? 0}`;

/** A mount namespace in which this user's simulated tasks elsewhere on the machine are not seen: others test, too. */
const apart = [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'mkdir -p -m 700 "$0" && mount -t tmpfs -o mode=700 none "$0" && exec "$@"',
  shared,
] as const;

export const canBeApart = await canBeMade(apart);

/** Makes one, which is there until the test ends; answers for what to put before a command that is to be in it. */
export async function placeApart(cwd: string): Promise<readonly string[]> {
  const [program, ...args] = apart;
  const words = [...args, 'sh', '-c', 'echo ready; exec cat'];
  const keeper = spawn(program, words, { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    const end = once(keeper, 'exit');
    keeper.stdin.end();
    await end;
  });
  await printed(keeper.stdout, 'ready');
  // `--wd`: as the keeper's; entering would lead to the root directory.
  return ['nsenter', '--target', String(keeper.pid), '--mount', '--wd'];
}
