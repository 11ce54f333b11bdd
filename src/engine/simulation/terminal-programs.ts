import { SandboxFailure } from '../../failure.ts';
import { hostProgram, programPlaces } from './host-program.ts';
import { runProgram } from './run-program.ts';

/** What it takes to give a command a terminal. */
export interface TerminalPrograms {
  readonly script: string;
  readonly stty: string;
  readonly shell: string;
}

const probeLimitMs = 5_000;

/** Rejects where one is missing, or where script(1) is another one than that of util-linux. */
export async function findTerminalPrograms(): Promise<TerminalPrograms> {
  const script = hostProgram('script');
  const stty = hostProgram('stty');
  if (script === null || stty === null) {
    const missing = [...(script === null ? ['script'] : []), ...(stty === null ? ['stty'] : [])];
    throw noTerminal(`${missing.join(' and ')} not found in ${programPlaces.join(', ')}`);
  }
  const { exitCode, said } = await runProgram([script, '--version'], { limitMs: probeLimitMs });
  // That of busybox tells no exit code.
  if (exitCode !== 0 || !said.includes('util-linux')) throw noTerminal(`${script} is another one`);
  return { script, stty, shell: '/bin/sh' };
}

/** Without them there is no other way, and the caller's own terminal is never lent. */
export function noTerminal(reason: string): SandboxFailure {
  const message = `simulation needs script(1) of util-linux and stty(1) for a terminal: ${reason}`;
  return new SandboxFailure('not-enforceable', message, {
    hint: 'Install it (the package is bsdutils, util-linux or util-linux-script), use an engine (Docker or Podman), or run a command without a terminal: sandbox run.',
  });
}
