import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { errnoOf } from '../../failure.ts';
import { isInside } from '../../spec/host-path.ts';
import { type Mount, type TaskSpec, workspaceTarget } from '../../spec/task-spec.ts';
import { interpreterOf } from '../interpreter.ts';

/** What stands where a command is looked for. */
export type Found = 'missing' | 'not-executable' | 'no-interpreter' | 'executable';

export interface CommandBefore {
  readonly found: Found;
  /** The other program that it needs, which may be missing from the image. */
  readonly interpreter: string | null;
}

const unknown: CommandBefore = { found: 'executable', interpreter: null };
const headBytes = 4096;

/** True for a place in the sandbox that the task can change, so that what is there afterwards proves nothing. */
export function isTaskWritable(spec: TaskSpec, path: string): boolean {
  return writableMounts(spec).some(({ target }) => isInside(path, target));
}

/**
 * The command as it is on the host before the task starts, where the task could change it later. What cannot be
 * told counts as executable: then nobody will claim that it never started.
 */
export async function lookBefore(spec: TaskSpec): Promise<CommandBefore> {
  const command = spec.command[0] ?? '';
  if (!command.includes('/') || spec.keepEntrypoint) return unknown;
  const path = posix.resolve(workspaceTarget, command);
  const mount = writableMounts(spec).findLast(({ target }) => isInside(path, target));
  if (mount?.type !== 'bind') return unknown;
  try {
    const onHost = await realpath(join(mount.source, posix.relative(mount.target, path)));
    return isInside(onHost, mount.source) ? await inspectFile(onHost) : unknown;
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? { found: 'missing', interpreter: null } : unknown;
  }
}

function writableMounts({ workspace, mounts }: TaskSpec): Mount[] {
  const own = {
    type: 'bind',
    source: workspace,
    target: workspaceTarget,
    readOnly: false,
  } as const;
  return [own, ...mounts].filter((mount) => !mount.readOnly);
}

async function inspectFile(path: string): Promise<CommandBefore> {
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
