import type Docker from 'dockerode';
import { type TaskSpec, workspaceTarget } from '../../spec/task-spec.ts';
import { type SecretFile, hostMounts, mountOptions, tmpfsOf } from './mounts.ts';
import { scratchBytes } from '../scratch-space.ts';
import { hasNetwork } from './network-plan.ts';
import { environmentOf } from './task-environment.ts';

/** What the spec does not say and the engine does. */
export interface Placement {
  readonly user: string;
  /** `none`, or the id of a network. */
  readonly networkMode: string;
  readonly networkSysctls: Readonly<Record<string, string>>;
  readonly imageEntrypoint: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly securityOptions: readonly string[];
  readonly secrets: readonly SecretFile[];
}

export const taskHostname = 'sandbox';

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
    Hostname: taskHostname,
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
    ...(hasNetwork(spec.network) ? endpointOf(placement.networkMode) : {}),
  };
}

/** By its id in both places: an engine that is told only the mode looks it up by name again, which may be ambiguous. */
function endpointOf(networkId: string): Pick<Docker.ContainerCreateOptions, 'NetworkingConfig'> {
  return { NetworkingConfig: { EndpointsConfig: { [networkId]: { NetworkID: networkId } } } };
}

function hostConfig(spec: TaskSpec, placement: Placement): Docker.HostConfig {
  const { memoryBytes, cpus, pidsLimit } = spec.limits;
  return {
    AutoRemove: true,
    Init: true,
    NetworkMode: placement.networkMode,
    Memory: memoryBytes,
    // Alone, Memory would allow as much swap again.
    MemorySwap: memoryBytes,
    NanoCpus: Math.round(cpus * 1e9),
    PidsLimit: pidsLimit,
    CapDrop: ['ALL'],
    ...(spec.capAdd.length > 0 ? { CapAdd: [...spec.capAdd] } : {}),
    SecurityOpt: [...placement.securityOptions],
    ReadonlyRootfs: !spec.writableRoot,
    ...(spec.runtime === null ? {} : { Runtime: spec.runtime }),
    IpcMode: 'private',
    ShmSize: scratchBytes(spec),
    Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
    // The attached stream is the only copy, so that a task cannot fill the engine's disk by talking.
    LogConfig: { Type: 'none', Config: {} },
    Mounts: mountOptions(hostMounts(spec, placement.secrets)),
    Tmpfs: Object.fromEntries(tmpfsOf(spec).map(({ target, options }) => [target, options])),
    ...(hasNetwork(spec.network) ? networkOptions(placement) : withoutNetwork),
  };
}

function networkOptions({ networkSysctls }: Placement): Docker.HostConfig {
  return Object.keys(networkSysctls).length > 0 ? { Sysctls: { ...networkSysctls } } : {};
}

/** The engine would copy the host's name servers, and leave the task's own name unknown to itself. */
const withoutNetwork: Docker.HostConfig = {
  Dns: ['127.0.0.1'],
  DnsSearch: ['.'],
  ExtraHosts: [`${taskHostname}:127.0.0.1`],
};
