import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { posix } from 'node:path';
import { SandboxFailure } from '../../failure.ts';
import { isInside } from '../../spec/host-path.ts';
import type { Person } from './person.ts';
import type { ViewEntry } from './sandbox-view.ts';
import { ViewFiles } from './view-files.ts';

export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface ProgramSearch {
  readonly program: string;
  /** The working directory. */
  readonly directory: string;
  /** The task's PATH. */
  readonly path: string;
  readonly view: readonly ViewEntry[];
  readonly person: Person;
  /** The caller's PATH, to tell of a program that is on the host and not in the sandbox. */
  readonly callerPath: string;
}

/** Why the command will not start, decided before it could say anything; null where nothing speaks against it. */
export function whyNotStartable(search: ProgramSearch): SandboxFailure | null {
  const { view, person } = search;
  const files = new ViewFiles(view, (hostPath) => mayExecute(hostPath, person));
  const found = candidates(search).map((candidate) => files.look(candidate));
  if (found.some((one) => one === 'executable' || one === 'unknown')) return null;
  const first = found.find((one) => one !== 'missing');
  if (first === undefined) return notFound(search);
  return notExecutable(search.program, first === 'no-interpreter' ? lacksInterpreter : isNoProgram);
}

export function notExecutable(program: string, reason: string): SandboxFailure {
  return new SandboxFailure(
    'command-not-executable',
    `command cannot be executed: ${program} (${reason})`,
  );
}

const isNoProgram = 'it is a directory, or lacks the x permission';
const lacksInterpreter = 'the interpreter or loader that it names is not in the sandbox';

export function notFound(search: ProgramSearch): SandboxFailure {
  const { program, path } = search;
  const where = program.includes('/') ? '' : ` It was looked for on PATH (${path}).`;
  return new SandboxFailure('command-not-found', `command not found: ${program}`, {
    hint:
      hostHint(search) ??
      `In simulation the host's own programs are what there is.${where} A shell line needs -c.`,
  });
}

function candidates({ program, path, directory }: ProgramSearch): string[] {
  if (program === '') return [];
  if (program.includes('/')) return [posix.resolve(directory, program)];
  return path.split(':').map((one) => posix.resolve(directory, one, program));
}

/** The program is on this host, and not where the task can see it. */
function hostHint({ program, view, callerPath }: ProgramSearch): string | null {
  const places = program.startsWith('/')
    ? [program]
    : program.includes('/')
      ? []
      : callerPath.split(':').map((one) => posix.join(one, program));
  const place = places.find((one) => one.startsWith('/') && isProgram(one));
  if (place === undefined) return null;
  const real = realpathSync(place);
  if (isSeen(place, view)) return `It is at ${place}: name it by that path, or set -e PATH=….`;
  const directories = [...new Set([directoryOf(place), directoryOf(real)])];
  const outside = directories.filter((one) => !isSeen(one, view));
  const mounts = outside.map((one) => `-v ${one}:${one}`).join(' ');
  const path = program.includes('/') ? '' : ` -e PATH=${posix.dirname(place)}:/usr/bin:/bin`;
  return `The host has it at ${place}, which the task does not see. Add ${mounts}${path}`;
}

/** With the libraries that lie beside it, unless that would be somebody's home. */
function directoryOf(program: string): string {
  const directory = posix.dirname(program);
  const prefix = posix.dirname(directory);
  const isPrefix = posix.basename(directory) === 'bin' && !isInside(homedir(), prefix);
  return isPrefix ? prefix : directory;
}

function isSeen(path: string, view: readonly ViewEntry[]): boolean {
  return view.some(
    (entry) =>
      entry.kind === 'bind' && entry.source === entry.target && isInside(path, entry.target),
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Root passes every check of the host's, but inside it has no capabilities, so the mode decides. */
function mayExecute(hostPath: string, { uid, gid }: Person): boolean {
  try {
    const found = statSync(hostPath);
    if (uid !== 0) {
      accessSync(hostPath, constants.X_OK);
      return true;
    }
    const shift = found.uid === uid ? 6 : found.gid === gid ? 3 : 0;
    return ((found.mode >> shift) & 0o1) === 1;
  } catch {
    return false;
  }
}
