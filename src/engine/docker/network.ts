import { join } from 'node:path';
import type Docker from 'dockerode';
import { SandboxFailure } from '../../failure.ts';
import { ownNetworks } from '../../spec/choices.ts';
import { type Lock, acquireLock } from '../lock.ts';
import { ownTemporaryDirectory } from '../own-directory.ts';
import { isOlder } from './api-version.ts';
import { type DockerApi, callLimitsMs } from './docker-api.ts';
import { labels, toolLabels } from './labels.ts';

export interface UsableNetwork {
  readonly name: string;
  /** What HostConfig.NetworkMode takes. */
  readonly mode: string;
  readonly id: string | null;
}

type NetworkInfo = Docker.NetworkInspectInfo;

/** The engine's name of a network that is ours. */
export function engineNetworkName(name: string): string {
  return `sandbox-${name}`;
}

/**
 * The network to attach a task to; ours are made when they are missing. One network serves all tasks: the
 * default address pools hold only about 31.
 */
export async function ensureNetwork(
  api: DockerApi,
  name: string,
  { apiVersion, cancel }: { apiVersion: string; cancel: AbortSignal },
): Promise<UsableNetwork> {
  if (name === 'none') return { name, mode: 'none', id: null };
  if (!ownNetworks.some((own) => own === name)) return await existingNetwork(api, name, cancel);
  const wanted = wantedNetwork(name, apiVersion);
  const found = await ownNetworksNamed(api, wanted.Name, cancel);
  const network = found.length === 1 ? found[0] : await makeOne(api, wanted);
  if (!network) throw vanished(wanted.Name);
  checkOptions(network, wanted);
  return { name, mode: network.Id, id: network.Id };
}

async function existingNetwork(
  api: DockerApi,
  name: string,
  cancel: AbortSignal,
): Promise<UsableNetwork> {
  const all = await list(api, name, cancel);
  const network = all.find((candidate) => candidate.Name === name || candidate.Id === name);
  if (network) return { name, mode: network.Id, id: network.Id };
  throw new SandboxFailure('network-not-usable', `there is no network "${name}" on the engine`, {
    hint: `Create it with \`docker network create ${name}\`, or use isolated, egress or none.`,
  });
}

/**
 * Six creations at once make six networks of the same name, and an engine that is asked for one by its id still
 * looks it up by name and calls it ambiguous. So only one process of this host creates at a time, and whoever
 * sees several (another host may share the engine) keeps the oldest, the id deciding between equals.
 */
async function makeOne(
  api: DockerApi,
  wanted: Docker.NetworkCreateOptions,
): Promise<NetworkInfo | undefined> {
  const lock = await waitForLock(join(await ownTemporaryDirectory(), `${wanted.Name}.lock`));
  try {
    const found = await ownNetworksNamed(api, wanted.Name);
    if (found.length === 0) {
      await api.call(callLimitsMs.quick, (abortSignal) =>
        api.docker.createNetwork({ ...wanted, abortSignal }),
      );
    }
    const [kept, ...others] = await ownNetworksNamed(api, wanted.Name);
    await Promise.all(others.filter(isOurs).map((other) => removeQuietly(api, other.Id)));
    return kept;
  } finally {
    await lock?.release();
  }
}

/** Null after a while: a second network is better than none, and is healed. */
async function waitForLock(path: string): Promise<Lock | null> {
  for (let attempt = 0; attempt < lockAttempts; attempt += 1) {
    const lock = await acquireLock(path);
    if (lock) return lock;
    await new Promise((resolve) => setTimeout(resolve, lockPauseMs));
  }
  return null;
}

const lockAttempts = 100;
const lockPauseMs = 50;

function isOurs({ Labels }: NetworkInfo): boolean {
  return Labels?.[labels.tool] !== undefined;
}

async function removeQuietly(api: DockerApi, id: string): Promise<void> {
  try {
    await api.call(callLimitsMs.quick, (abortSignal) =>
      api.docker.getNetwork(id).remove({ abortSignal }),
    );
  } catch {
    // A task is attached to it; it is labelled, and is removed once it is empty.
  }
}

function vanished(name: string): SandboxFailure {
  return new SandboxFailure('network-not-usable', `network ${name} vanished while it was made`);
}

async function ownNetworksNamed(
  api: DockerApi,
  name: string,
  cancel?: AbortSignal,
): Promise<NetworkInfo[]> {
  const all = await list(api, name, cancel);
  return all
    .filter((network) => network.Name === name)
    .sort((a, b) => compare(a.Created, b.Created) || compare(a.Id, b.Id));
}

async function list(api: DockerApi, name: string, cancel?: AbortSignal): Promise<NetworkInfo[]> {
  const filters = { name: [name] };
  return await api.call(
    callLimitsMs.quick,
    (abortSignal) => api.docker.listNetworks({ filters, abortSignal }),
    cancel,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * isolated: no way out (internal), no address of the host on the bridge, no traffic between tasks.
 * `--internal` alone still reaches the host through the gateway address.
 */
export function wantedNetwork(name: string, apiVersion: string): Docker.NetworkCreateOptions {
  const isolated = name === 'isolated';
  return {
    Name: engineNetworkName(name),
    Driver: 'bridge',
    Internal: isolated,
    EnableIPv6: false,
    Attachable: false,
    Labels: { ...toolLabels() },
    Options: {
      'com.docker.network.bridge.enable_icc': 'false',
      ...(isolated ? withoutGateway(apiVersion) : {}),
    },
  };
}

/** Engine 28 (API 1.48) has a mode of its own for a bridge without an address of the host. */
function withoutGateway(apiVersion: string): Record<string, string> {
  return isOlder(apiVersion, '1.48')
    ? { 'com.docker.network.bridge.inhibit_ipv4': 'true' }
    : { 'com.docker.network.bridge.gateway_mode_ipv4': 'isolated' };
}

/** A network of our name that someone made otherwise isolates less than its name promises. */
function checkOptions(network: NetworkInfo, wanted: Docker.NetworkCreateOptions): void {
  const differing = [
    ...(network.Driver === wanted.Driver ? [] : ['driver']),
    ...(network.Internal === wanted.Internal ? [] : ['internal']),
    ...(network.EnableIPv6 ? ['IPv6'] : []),
    ...Object.entries(wanted.Options ?? {})
      .filter(([option, value]) => network.Options?.[option] !== value)
      .map(([option]) => option),
  ];
  if (differing.length === 0) return;
  throw new SandboxFailure(
    'network-not-usable',
    `the network ${network.Name} exists with other options (${differing.join(', ')})`,
    { hint: `Remove it, it is made again when needed: docker network rm ${network.Name}` },
  );
}
