import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type Docker from 'dockerode';
import { errnoOf } from '../../failure.ts';
import { isInside } from '../../spec/host-path.ts';
import { type Mount, type TaskSpec, workspaceTarget } from '../../spec/task-spec.ts';
import { interpreterOf } from '../interpreter.ts';
import { scratchSpaces } from '../scratch-space.ts';

/** Which program starts, and where it is looked for. */
export interface CommandSearch {
  readonly program: string;
  /** The task's PATH. */
  readonly path: string;
  /** In the order in which they are tried. */
  readonly candidates: readonly string[];
}

/** What stands where a command is looked for. */
export type Found = 'missing' | 'not-executable' | 'no-interpreter' | 'executable';

export interface FoundBefore {
  readonly found: Found;
  /** The other program that it needs, which may be missing from the image. */
  readonly interpreter: string | null;
}

/** By candidate; one that is not here lies where the task can change nothing. */
export type CommandBefore = ReadonlyMap<string, FoundBefore>;

/** What the engine takes where neither the image nor the task names a PATH. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const unknown: FoundBefore = { found: 'executable', interpreter: null };
const missing: FoundBefore = { found: 'missing', interpreter: null };
const headBytes = 4096;

export function commandSearch(
  { workdir }: TaskSpec,
  { Entrypoint, Cmd, Env }: Docker.ContainerCreateOptions,
  imageEnvironment: readonly string[],
): CommandSearch {
  const program = [Entrypoint ?? [], Cmd ?? []].flat()[0] ?? '';
  const named = [...imageEnvironment, ...(Env ?? [])].findLast((one) => one.startsWith('PATH='));
  const path = named?.slice('PATH='.length) ?? defaultPath;
  const directories = program.includes('/') ? [''] : path.split(':');
  const candidates = directories.map((directory) => posix.resolve(workdir, directory, program));
  return { program, path, candidates };
}

/** True for a place in the sandbox that the task can change, so that what is there afterwards proves nothing. */
export function isTaskWritable(spec: TaskSpec, path: string): boolean {
  return writablePlaces(spec).some(({ target }) => isInside(path, target));
}

/**
 * The command as it is on the host before the task starts, where the task could change it later. What cannot be
 * told counts as executable: then nobody will claim that it never started.
 */
export async function lookBefore(
  spec: TaskSpec,
  { candidates }: CommandSearch,
): Promise<CommandBefore> {
  const places = writablePlaces(spec);
  const looks = candidates.flatMap((path) => {
    const place = places.findLast(({ target }) => isInside(path, target));
    return place ? [lookAt(place, path).then((found) => [path, found] as const)] : [];
  });
  return new Map(await Promise.all(looks));
}

/** In memory is where nothing is before the task starts. */
type Place = Pick<Mount, 'source' | 'target'> & { readonly type: Mount['type'] | 'memory' };

function writablePlaces(spec: TaskSpec): Place[] {
  const { workspace, mounts } = spec;
  const own = {
    type: 'bind',
    source: workspace,
    target: workspaceTarget,
    readOnly: false,
  } as const;
  return [
    ...scratchSpaces(spec).map(({ target }) => ({ type: 'memory', source: '', target }) as const),
    ...[own, ...mounts].filter((mount) => !mount.readOnly),
  ];
}

async function lookAt({ type, source, target }: Place, path: string): Promise<FoundBefore> {
  if (type !== 'bind') return type === 'memory' ? missing : unknown;
  try {
    const onHost = await realpath(join(source, posix.relative(target, path)));
    return isInside(onHost, source) ? await inspectFile(onHost) : unknown;
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? missing : unknown;
  }
}

async function inspectFile(path: string): Promise<FoundBefore> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    if (!found.isFile() || (found.mode & 0o111) === 0) {
      return { found: 'not-executable', interpreter: null };
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return { found: 'executable', interpreter: interpreterOf(buffer.subarray(0, bytesRead)) };
  } finally {
    await file.close();
  }
}
