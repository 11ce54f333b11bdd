import { accessSync, constants, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { SandboxFailure, errnoOf, messageOf } from '../../failure.ts';
import type { Ending } from '../engine.ts';
import { tooLong } from '../too-long.ts';

/** How a process ended, as the kernel says. */
export function endingOf(code: number | null, signal: NodeJS.Signals | null): Ending {
  const exitCode = code ?? 128 + (signal ? osConstants.signals[signal] : 0);
  return {
    end: { exitCode, signal },
    oomKills: null,
    observed: [],
    stoppedBy: null,
    endedFirst: false,
    watchdog: null,
    isOver: false,
  };
}

/** Why a program could not be started, told apart as a shell does: 127 not found, 126 not executable. */
export function spawnFailure(
  error: unknown,
  program: string,
  place: { cwd: string; path: string },
) {
  const errno = errnoOf(error);
  if (errno === 'E2BIG') return tooLong(program);
  const exists = candidates(program, place).some((candidate) => isThere(candidate));
  if (errno === 'ENOENT' && !exists) {
    const where = program.includes('/') ? '' : ` It was looked for on PATH (${place.path}).`;
    return new SandboxFailure('command-not-found', `command not found: ${program}`, {
      hint: `In simulation the host's own programs are what there is.${where}`,
      cause: error,
    });
  }
  if (['ENOENT', 'EACCES', 'ENOEXEC', 'EISDIR', 'ENOTDIR'].includes(errno ?? '')) {
    const reason =
      errno === 'ENOENT'
        ? 'the interpreter that it names is missing'
        : 'it is a directory, lacks the x permission, or is built for another system';
    return new SandboxFailure(
      'command-not-executable',
      `command cannot be executed: ${program} (${reason})`,
      { cause: error },
    );
  }
  return new SandboxFailure(
    'start-failed',
    `the command could not be started: ${messageOf(error)}`,
    {
      cause: error,
    },
  );
}

function candidates(program: string, { cwd, path }: { cwd: string; path: string }): string[] {
  if (program.includes('/')) return [resolve(cwd, program)];
  return path.split(delimiter).map((directory) => join(directory, program));
}

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.F_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
