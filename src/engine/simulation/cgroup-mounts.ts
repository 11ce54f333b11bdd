import { posix } from 'node:path';
import { isInside } from '../../spec/host-path.ts';
import { type Controller, controllers } from './cgroup.ts';

/** Where this process's own cgroups are in the file system. */
export interface OwnCgroups {
  /** The unified hierarchy: its mount point and our own place in it. */
  readonly unified: { readonly mount: string; readonly path: string } | null;
  /** Controllers of version 1, each with our own place in its hierarchy. */
  readonly legacy: Partial<Readonly<Record<Controller, string>>>;
}

interface CgroupMount {
  /** The part of the hierarchy that is mounted. */
  readonly root: string;
  readonly point: string;
  /** Null in the unified hierarchy. */
  readonly controllers: readonly string[] | null;
}

/** From the texts of /proc/self/mountinfo and /proc/self/cgroup (man 7 cgroups). */
export function ownCgroups(mountinfo: string, membership: string): OwnCgroups {
  const mounts = mountinfo.split('\n').flatMap(parseMount);
  const legacy: Partial<Record<Controller, string>> = {};
  let unified: OwnCgroups['unified'] = null;
  for (const line of membership.split('\n')) {
    const [, id, names = '', path] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    if (id === '0' && names === '') {
      const mount = mounts.find((one) => one.controllers === null);
      if (mount) unified = { mount: mount.point, path: placeIn(mount, path) };
      continue;
    }
    for (const name of controllers.filter((one) => names.split(',').includes(one))) {
      const mount = mounts.find((one) => one.controllers?.includes(name));
      if (mount) legacy[name] = placeIn(mount, path);
    }
  }
  return { unified, legacy };
}

/** A line such as `36 35 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct`. */
function parseMount(line: string): CgroupMount[] {
  const [mounted = '', system = ''] = line.split(' - ');
  const [, , , root = '', point = ''] = mounted.split(' ');
  const [type, , options = ''] = system.split(' ');
  if (type !== 'cgroup' && type !== 'cgroup2') return [];
  const names = type === 'cgroup2' ? null : options.split(',');
  return [{ root: unescape(root), point: unescape(point), controllers: names }];
}

/** In a container the mount may begin below the root of the hierarchy, and the path may be counted from either. */
function placeIn({ root, point }: CgroupMount, path: string): string {
  const inside = isInside(path, root) ? posix.relative(root, path) : path;
  return posix.join(point, inside).replace(/(.)\/$/, '$1');
}

/** Spaces and the like are written in octal. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(parseInt(octal, 8)),
  );
}
