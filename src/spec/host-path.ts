import { type Stats, constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SandboxFailure, errnoOf } from '../failure.ts';
import { engineSockets } from './engine-sockets.ts';
import { Expectation } from './expectation.ts';
import type { HostAnswers } from './host-answers.ts';
import { homeDirectory } from './variables.ts';

/** The caller's surroundings, as far as reading settings needs them. */
export interface Caller {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly uid: number | null;
  readonly gid: number | null;
  /** The engine's address where the caller named one. */
  readonly engineHost?: string | null;
  /** Where many tasks are resolved: what was found on the host already. Absent: it is looked at each time. */
  readonly answers?: HostAnswers;
}

export function currentCaller(): Caller {
  return {
    env: process.env,
    cwd: currentDirectory(),
    uid: process.getuid?.() ?? null,
    gid: process.getgid?.() ?? null,
  };
}

function currentDirectory(): string {
  try {
    return process.cwd();
  } catch (cause) {
    const hint = 'Change to one that is there.';
    throw new SandboxFailure('invalid-settings', 'the current directory does not exist any more', {
      hint,
      cause,
    });
  }
}

const systemDirectories = words(
  '/bin /boot /dev /etc /home /lib /lib32 /lib64 /media /mnt /opt /proc /root /run /sbin /srv /sys /usr /var',
  '/usr/local /usr/src /usr/games /var/lib /System /Library /Applications /Users /private /private/etc /private/var',
);
/** Nothing below these either. */
const systemTrees = words(
  '/bin /boot /dev /etc /lib /lib32 /lib64 /proc /sbin /sys /usr/bin /usr/include /usr/lib /usr/lib64',
  '/usr/libexec /usr/sbin /usr/share /usr/local/bin /usr/local/lib /usr/local/sbin',
  '/var/lib/docker /var/lib/containerd /var/lib/containers',
);

function words(...lines: string[]): string[] {
  return lines.flatMap((line) => line.split(' '));
}

/** The real path of something on the host that a task will see; throws an Expectation when it must not. */
export async function shareableHostPath(text: string, caller: Caller): Promise<string> {
  const path = await existingRealPath(text, caller);
  const reason = await whyNotShareable(path, caller);
  if (reason) throw new Expectation(`a path that may be shown to a task (${reason})`, text);
  return path;
}

export async function existingRealPath(text: string, caller: Caller): Promise<string> {
  try {
    return await realpath(resolve(caller.cwd, text));
  } catch (error) {
    const found = errnoOf(error);
    if (found === 'ENOENT') throw new Expectation('a path that exists', text);
    if (found === 'ENOTDIR') throw new Expectation('a path whose parents are directories', text);
    throw new Expectation(`a path that can be read (${found ?? 'unknown error'})`, text);
  }
}

async function whyNotShareable(path: string, caller: Caller): Promise<string | null> {
  if (path === '/') return 'it is the whole file system';
  const socket = engineSockets(caller.env, caller.engineHost ?? null).find((candidate) =>
    isInside(candidate, path),
  );
  if (socket) return `it holds the engine's socket ${socket}`;
  const home = await realPathOrSelf(homeDirectory(caller.env));
  return path === home ? 'it is your whole home directory: use one below it' : null;
}

/** An extra mount must not show the caller's home from above, either. */
export async function mountablePath(text: string, caller: Caller): Promise<string> {
  const path = await shareableHostPath(text, caller);
  const home = await realPathOrSelf(homeDirectory(caller.env));
  if (!isInside(home, path)) return path;
  throw new Expectation('a path that may be shown to a task (it holds your home directory)', text);
}

async function realPathOrSelf(path: string): Promise<string> {
  return await realpath(path).catch(() => resolve(path));
}

/** A workspace is written to by `writer`, so system directories are refused as well. */
export async function workspacePath(text: string, caller: Caller, writer: Uid): Promise<string> {
  const path = await shareableHostPath(text, caller);
  const isSystem =
    systemDirectories.includes(path) || systemTrees.some((tree) => isInside(path, tree));
  if (isSystem) throw new Expectation('a directory of your own (this is a system directory)', text);
  const found = await stat(path);
  if (!found.isDirectory()) throw new Expectation('a directory', text);
  if (!(await mayWrite({ path, found, writer, caller }))) {
    const who = writer.uid === 0 ? 'root without capabilities' : `uid ${writer.uid ?? '?'}`;
    const mode = (found.mode & 0o777).toString(8);
    throw new Expectation(
      `a directory that the task (${who}) may write to; it has mode ${mode} and belongs to ${found.uid}:${found.gid}, see --user`,
      text,
    );
  }
  return path;
}

/** Numeric where it is known. */
export interface Uid {
  readonly uid: number | null;
  readonly gid: number | null;
}

interface WriteCheck {
  readonly path: string;
  readonly found: Stats;
  readonly writer: Uid;
  readonly caller: Caller;
}

/**
 * A caller who is not root can simply be asked for (that sees access lists as well). Root passes every such
 * check, but inside a sandbox it has no capabilities, so its mode bits decide, as they do for any other uid.
 */
async function mayWrite({ path, found, writer, caller }: WriteCheck): Promise<boolean> {
  if (writer.uid === null) return true;
  if (writer.uid === caller.uid && caller.uid !== 0) {
    return await access(path, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false,
    );
  }
  const shift = found.uid === writer.uid ? 6 : found.gid === writer.gid ? 3 : 0;
  return ((found.mode >> shift) & 0o3) === 0o3;
}

export function isInside(path: string, directory: string): boolean {
  return (
    path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`)
  );
}
