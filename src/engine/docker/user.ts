import type { TaskSpec } from '../../spec/task-spec.ts';

/**
 * The uid:gid that the task runs as: the caller's own, so that files come back owned by the caller. In a
 * rootless engine uid 0 is the caller, and the caller's own uid would be somebody else.
 */
export function taskUser(spec: TaskSpec, isRootless: boolean | null): string {
  if (spec.user !== null) return spec.user;
  // Where there are no uids (Windows) the engine runs in a virtual machine that maps files by itself.
  if (isRootless || !process.getuid || !process.getgid) return '0:0';
  return `${process.getuid()}:${process.getgid()}`;
}
