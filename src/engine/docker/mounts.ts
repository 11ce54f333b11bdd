import { posix } from 'node:path';
import type Docker from 'dockerode';
import { type Mount, type TaskSpec, secretsTarget, workspaceTarget } from '../../spec/task-spec.ts';
import { scratchSpaces } from '../scratch-space.ts';

/** A secret's file on the host. */
export interface SecretFile {
  readonly name: string;
  readonly path: string;
}

/** Everything of the host that the task sees, the workspace first. */
export function hostMounts(spec: TaskSpec, secrets: readonly SecretFile[]): Mount[] {
  const workspace: Mount = {
    type: 'bind',
    source: spec.workspace,
    target: workspaceTarget,
    readOnly: spec.workspaceMode === 'ro',
  };
  const files = secrets.map(({ name, path }): Mount => ({
    type: 'bind',
    source: path,
    target: posix.join(secretsTarget, name),
    readOnly: true,
  }));
  return [workspace, ...spec.mounts, ...files];
}

/** `Mounts`, since `Binds` splits at colons and makes a missing source as an empty directory. */
export function mountOptions(mounts: readonly Mount[]): Docker.MountSettings[] {
  return mounts.map(({ type, source, target, readOnly }) => ({
    Type: type,
    Source: source,
    Target: target,
    ReadOnly: readOnly,
  }));
}

/**
 * The task's places in memory, in the engine's words. Any uid may write, as in /tmp. Where the image has such a
 * directory the engine takes its mode, so the memory is given to the user as well, as `owner`: `uid[:gid]`.
 */
export function tmpfsOf(
  spec: TaskSpec,
  owner: string | null = null,
): { target: string; options: string }[] {
  return scratchSpaces(spec).map(({ target, sizeBytes }) => ({
    target,
    options: `rw,exec,nosuid,nodev,mode=1777,size=${sizeBytes}${ownerOptions(owner)}`,
  }));
}

/** Nothing for a name, which a file system does not know, and for root, who has it anyway. */
function ownerOptions(owner: string | null): string {
  const [, uid = '0', gid] = /^(\d+)(?::(\d+))?$/.exec(owner ?? '') ?? [];
  if (Number(uid) === 0) return '';
  return `,uid=${uid}${gid === undefined ? '' : `,gid=${gid}`}`;
}
