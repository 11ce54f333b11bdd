import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { messageOf } from '../../failure.ts';
import { within } from '../timer.ts';
import { lastWordsLimitMs } from './last-words.ts';

const mostBytes = 64 * 1024;

export interface ProgramResult {
  /** Null where it was killed or could not be started. */
  readonly exitCode: number | null;
  /** What it printed on either stream, or why it did not start. */
  readonly said: string;
}

/** Runs a small program of the system's own, with nothing of the caller's environment, for `limitMs` at most. */
export async function runProgram(
  [program = '', ...args]: readonly string[],
  { limitMs, env = {} }: { limitMs: number; env?: Readonly<Record<string, string>> },
): Promise<ProgramResult> {
  const child = spawn(program, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      if (said.length < mostBytes) said += text;
    });
  }
  try {
    const closed = once(child, 'close');
    closed.catch(() => undefined);
    const [exitCode] = (await once(child, 'exit')) as [number | null];
    // What it started may stay behind and hold the other end for ever.
    await within(lastWordsLimitMs, closed, null);
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
    return { exitCode, said };
  } catch (error) {
    return { exitCode: null, said: messageOf(error) };
  }
}
