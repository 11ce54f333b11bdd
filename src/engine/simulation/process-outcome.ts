import { accessSync, constants, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { SandboxFailure, errnoOf, messageOf } from '../../failure.ts';
import type { Ending } from '../engine.ts';
import { tooLong } from '../too-long.ts';

const { F_OK, X_OK } = constants;

/** Where a program is looked for. */
interface Place {
  readonly cwd: string;
  readonly path: string;
}

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

/** Where death by a signal and an exit look the same, one is named where it was sent. */
export function sentSignalOf(
  exitCode: number,
  sent: ReadonlySet<NodeJS.Signals>,
): NodeJS.Signals | null {
  return [...sent].find((name) => exitCode === 128 + osConstants.signals[name]) ?? null;
}

/** Why a program could not be started, told apart as a shell does: 127 not found, 126 not executable. */
export function spawnFailure(error: unknown, program: string, place: Place) {
  const errno = errnoOf(error);
  if (errno === 'E2BIG') return tooLong(program);
  const exists = candidates(program, place).some((candidate) => isThere(candidate, F_OK));
  if (errno === 'ENOENT' && !exists) return notFound(program, place, error);
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

/** The same before it is started, for who would not be told: whatever starts it on a terminal tells only people. */
export function whyNotRunnable(program: string, place: Place): SandboxFailure | null {
  const files = candidates(program, place);
  if (files.some((file) => isThere(file, X_OK))) return null;
  if (!files.some((file) => isThere(file, F_OK))) return notFound(program, place);
  return spawnFailure(
    Object.assign(new Error('not executable'), { code: 'EACCES' }),
    program,
    place,
  );
}

function notFound(program: string, { path }: Place, cause?: unknown): SandboxFailure {
  const where = program.includes('/') ? '' : ` It was looked for on PATH (${path}).`;
  return new SandboxFailure('command-not-found', `command not found: ${program}`, {
    hint: `In simulation the host's own programs are what there is.${where}`,
    cause,
  });
}

function candidates(program: string, { cwd, path }: Place): string[] {
  if (program.includes('/')) return [resolve(cwd, program)];
  return path.split(delimiter).map((directory) => join(directory, program));
}

function isThere(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
