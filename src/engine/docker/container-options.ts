import { posix } from 'node:path';
import type Docker from 'dockerode';
import { type TaskSpec, type Tmpfs, workspaceTarget } from '../../spec/task-spec.ts';
import { isInside } from '../../spec/host-path.ts';

/** What the spec does not say and the engine does. */
export interface Placement {
  readonly user: string;
  readonly networkMode: string;
  readonly imageEntrypoint: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

const defaultHome = '/home/sandbox';

export function containerName(id: string): string {
  return `sandbox-${id}`;
}

/** TaskSpec → what the engine is asked for. */
export function containerOptions(
  spec: TaskSpec,
  placement: Placement,
): Docker.ContainerCreateOptions {
  return {
    name: containerName(spec.id),
    Image: spec.image,
    Hostname: 'sandbox',
    User: placement.user,
    WorkingDir: workspaceTarget,
    Env: environmentOf(spec),
    Labels: { ...placement.labels },
    // The command replaces the ENTRYPOINT, so that what the receipt says ran is what ran.
    Entrypoint: spec.keepEntrypoint ? [...placement.imageEntrypoint] : [spec.command[0] ?? ''],
    Cmd: spec.keepEntrypoint ? [...spec.command] : spec.command.slice(1),
    // An image's health check would run beside the task.
    Healthcheck: { Test: ['NONE'] },
    AttachStdin: spec.stdin,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: spec.stdin,
    StdinOnce: spec.stdin,
    HostConfig: hostConfig(spec, placement),
  };
}

function hostConfig(spec: TaskSpec, { networkMode }: Placement): Docker.HostConfig {
  const { memoryBytes, cpus, pidsLimit } = spec.limits;
  return {
    AutoRemove: true,
    Init: true,
    NetworkMode: networkMode,
    Memory: memoryBytes,
    // Alone, Memory would allow as much swap again.
    MemorySwap: memoryBytes,
    NanoCpus: Math.round(cpus * 1e9),
    PidsLimit: pidsLimit,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    ReadonlyRootfs: !spec.writableRoot,
    IpcMode: 'private',
    Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
    // The attached stream is the only copy, so that a task cannot fill the engine's disk by talking.
    LogConfig: { Type: 'none', Config: {} },
    Mounts: mountsOf(spec),
    Tmpfs: Object.fromEntries(tmpfsOf(spec).map(({ target, options }) => [target, options])),
    // Nothing answers there: an isolated task has no DNS server outside, not even by way of the engine's own.
    ...(spec.network === 'isolated' ? { Dns: ['127.0.0.1'], DnsSearch: ['.'] } : {}),
  };
}

/** `Mounts`, since `Binds` splits at colons and makes a missing source as an empty directory. */
function mountsOf(spec: TaskSpec): Docker.MountSettings[] {
  const workspace = {
    Type: 'bind',
    Source: spec.workspace,
    Target: workspaceTarget,
    ReadOnly: false,
  } as const;
  const others = spec.mounts.map(({ type, source, target, readOnly }) => ({
    Type: type,
    Source: source,
    Target: target,
    ReadOnly: readOnly,
  }));
  return [workspace, ...others];
}

function homeOf({ environment }: TaskSpec): string {
  return environment.HOME ?? defaultHome;
}

export function environmentOf(spec: TaskSpec): string[] {
  const home = 'HOME' in spec.environment ? [] : [`HOME=${defaultHome}`];
  return [...home, ...Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`)];
}

/** /tmp and $HOME, unless something else is there already, then what was asked for. */
export function tmpfsOf(spec: TaskSpec): { target: string; options: string }[] {
  const taken = [workspaceTarget, ...spec.mounts.map((mount) => posix.resolve(mount.target))];
  const home = posix.resolve('/', homeOf(spec));
  const own: Tmpfs[] = ['/tmp', home]
    .filter((target) => target !== '/' && !taken.some((path) => isInside(target, path)))
    .map((target) => ({ target, sizeBytes: null }));
  const targets = new Map([...own, ...spec.tmpfs].map((tmpfs) => [tmpfs.target, tmpfs]));
  return [...targets.values()].map((tmpfs) => ({
    target: tmpfs.target,
    options: tmpfsOptions(tmpfs, spec.limits.memoryBytes),
  }));
}

/** Half of the memory limit, so that a full disk is seen before the memory is. Any uid may write, as in /tmp. */
function tmpfsOptions({ sizeBytes }: Tmpfs, memoryBytes: number): string {
  const size = sizeBytes ?? Math.floor(memoryBytes / 2);
  return `rw,exec,nosuid,nodev,mode=1777,size=${size}`;
}
