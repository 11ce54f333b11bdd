import type Docker from 'dockerode';
import type { TaskSpec } from '../../spec/task-spec.ts';
import { type SecretFile, hostMounts, mountOptions, tmpfsOf } from './mounts.ts';
import { scratchBytes } from '../scratch-space.ts';
import { hasNetwork } from './network-plan.ts';
import type { Identity } from './identity.ts';
import {
  type NestedDockerNeeds,
  nestedDockerConfig,
  nestedDockerEntry,
  nestedDockerNeeds,
  nestedDockerVolume,
  withoutNoNewPrivileges,
} from './nested-docker.ts';
import { environmentOf } from './task-environment.ts';

/** What the spec does not say and the engine does. */
export interface Placement {
  readonly user: string;
  /** Who owns the task's places in memory; null where the engine takes no such option. */
  readonly scratchOwner: string | null;
  /** `none`, or the id of a network. */
  readonly networkMode: string;
  readonly networkSysctls: Readonly<Record<string, string>>;
  readonly imageEntrypoint: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly securityOptions: readonly string[];
  readonly secrets: readonly SecretFile[];
  readonly identity: Identity;
}

export const taskHostname = 'sandbox';

export function containerName(id: string): string {
  return `sandbox-${id}`;
}

/** Of what looks into a task's image before it starts; no task's own name begins like that. */
export function probeName(id: string): string {
  return `sandbox.probe-${id}`;
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
    WorkingDir: spec.workdir,
    Env: environmentOf(spec, placement.identity.name),
    Labels: { ...placement.labels },
    ...startOf(spec, placement),
    // An image's health check would run beside the task.
    Healthcheck: { Test: ['NONE'] },
    AttachStdin: spec.stdin,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: spec.stdin,
    StdinOnce: spec.stdin,
    Tty: spec.tty !== null,
    HostConfig: hostConfig(spec, placement),
    ...(hasNetwork(spec.network) ? endpointOf(placement.networkMode) : {}),
  };
}

/** The command replaces the ENTRYPOINT, so that what the receipt says ran is what ran. */
function startOf(spec: TaskSpec, { imageEntrypoint }: Placement) {
  const whole = [...(spec.keepEntrypoint ? imageEntrypoint : []), ...spec.command];
  if (spec.nestedDocker) return { Entrypoint: [nestedDockerEntry], Cmd: whole };
  if (spec.keepEntrypoint) return { Entrypoint: [...imageEntrypoint], Cmd: [...spec.command] };
  return { Entrypoint: [spec.command[0] ?? ''], Cmd: spec.command.slice(1) };
}

/** By its id in both places: an engine that is told only the mode looks it up by name again, which may be ambiguous. */
function endpointOf(networkId: string): Pick<Docker.ContainerCreateOptions, 'NetworkingConfig'> {
  return { NetworkingConfig: { EndpointsConfig: { [networkId]: { NetworkID: networkId } } } };
}

function hostConfig(spec: TaskSpec, placement: Placement): Docker.HostConfig {
  const { memoryBytes, cpus, pidsLimit } = spec.limits;
  const nested = nestedDockerNeeds(spec, placement.user);
  return {
    AutoRemove: true,
    Init: true,
    NetworkMode: placement.networkMode,
    // Engines before 23 do not know it on Linux, and are told once the task runs.
    ...(spec.tty ? { ConsoleSize: [spec.tty.rows, spec.tty.columns] } : {}),
    Memory: memoryBytes,
    // Alone, Memory would allow as much swap again.
    MemorySwap: memoryBytes,
    NanoCpus: Math.round(cpus * 1e9),
    PidsLimit: pidsLimit,
    CapDrop: ['ALL'],
    ...capabilitiesToAdd(spec, nested),
    SecurityOpt: nested
      ? withoutNoNewPrivileges([...nested.securityOptions, ...placement.securityOptions])
      : [...placement.securityOptions],
    ReadonlyRootfs: !spec.writableRoot,
    ...(spec.runtime === null ? {} : { Runtime: spec.runtime }),
    IpcMode: 'private',
    ShmSize: scratchBytes(spec),
    Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
    // The attached stream is the only copy, so that a task cannot fill the engine's disk by talking.
    LogConfig: { Type: 'none', Config: {} },
    ...places(spec, placement, nested),
    ...(nested ? nestedDockerConfig(nested) : {}),
    ...(hasNetwork(spec.network) ? networkOptions(placement) : withoutNetwork),
  };
}

function capabilitiesToAdd(spec: TaskSpec, nested: NestedDockerNeeds | null): Docker.HostConfig {
  const added = [...new Set([...spec.capAdd, ...(nested?.capabilities ?? [])])];
  return added.length > 0 ? { CapAdd: added } : {};
}

function places(
  spec: TaskSpec,
  { secrets, identity, scratchOwner }: Placement,
  nested: NestedDockerNeeds | null,
) {
  const mounts = mountOptions([...hostMounts(spec, secrets), ...identity.mounts]);
  const tmpfs = Object.fromEntries(
    tmpfsOf(spec, scratchOwner).map(({ target, options }) => [target, options]),
  );
  return {
    Mounts: nested ? [...mounts, nestedDockerVolume] : mounts,
    Tmpfs: { ...nested?.tmpfs, ...tmpfs },
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
