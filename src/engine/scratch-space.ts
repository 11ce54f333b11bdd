import { posix } from 'node:path';
import { isInside } from '../spec/host-path.ts';
import { type TaskSpec, secretsTarget, workspaceTarget } from '../spec/task-spec.ts';

/** A place in memory that the task can write to. */
export interface ScratchSpace {
  readonly target: string;
  readonly sizeBytes: number;
}

/** Where HOME is unless the caller says otherwise. */
export const defaultHome = '/home/sandbox';

/**
 * HOME may come from a project's own settings: memory there would hide what the system, the kernel or we ourselves
 * have in these places. In most images the short ones are links into /usr.
 */
const neverHome = [
  ...['/bin', '/boot', '/dev', '/etc', '/lib', '/lib32', '/lib64', '/libx32', '/proc', '/sbin'],
  ...['/sys', '/usr', secretsTarget],
];

/** /tmp and $HOME, unless something else is there already, then what was asked for. */
export function scratchSpaces(spec: TaskSpec): ScratchSpace[] {
  const own = scratchTargets(spec).map((target) => ({ target, sizeBytes: null }));
  const targets = new Map([...own, ...spec.tmpfs].map((tmpfs) => [tmpfs.target, tmpfs]));
  const defaultBytes = scratchBytes(spec);
  return [...targets.values()].map(({ target, sizeBytes }) => ({
    target,
    sizeBytes: sizeBytes ?? defaultBytes,
  }));
}

/** Where a task has memory without asking for it. */
export function scratchTargets({
  mounts,
  environment,
}: Pick<TaskSpec, 'mounts' | 'environment'>): string[] {
  const mounted = mounts.map((mount) => posix.resolve(mount.target));
  const taken = [workspaceTarget, ...mounted, ...neverHome];
  const home = posix.resolve('/', environment.HOME ?? defaultHome);
  return ['/tmp', home].filter(
    (target) => target !== '/' && !taken.some((path) => isInside(target, path)),
  );
}

/** Half of the memory limit, so that a full file system is seen before the memory is. In bytes. */
export function scratchBytes({ limits }: TaskSpec): number {
  return Math.floor(limits.memoryBytes / 2);
}
