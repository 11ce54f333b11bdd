import type Docker from 'dockerode';
import { SandboxFailure } from '../../failure.ts';
import { ownNetworks } from '../../spec/choices.ts';
import { isOlder } from './api-version.ts';
import { type DockerApi, callLimitsMs } from './docker-api.ts';
import { toolLabels } from './labels.ts';

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
  apiVersion: string,
): Promise<UsableNetwork> {
  if (name === 'none') return { name, mode: 'none', id: null };
  if (!ownNetworks.some((own) => own === name)) return await existingNetwork(api, name);
  const wanted = wantedNetwork(name, apiVersion);
  const found = await ownNetworksNamed(api, wanted.Name);
  const network = found[0] ?? (await createOnce(api, wanted));
  checkOptions(network, wanted);
  return { name, mode: network.Id, id: network.Id };
}

async function existingNetwork(api: DockerApi, name: string): Promise<UsableNetwork> {
  const all = await list(api, name);
  const network = all.find((candidate) => candidate.Name === name || candidate.Id === name);
  if (network) return { name, mode: network.Id, id: network.Id };
  throw new SandboxFailure('network-not-usable', `there is no network "${name}" on the engine`, {
    hint: `Create it with \`docker network create ${name}\`, or use isolated, egress or none.`,
  });
}

/**
 * Six creations at once make six networks of the same name, so every creator looks again, keeps the oldest
 * (the id decides between equals) and removes its own if it lost. Only an empty network can be removed.
 */
async function createOnce(
  api: DockerApi,
  wanted: Docker.NetworkCreateOptions,
): Promise<NetworkInfo> {
  const created = await api.call(callLimitsMs.quick, (abortSignal) =>
    api.docker.createNetwork({ ...wanted, abortSignal }),
  );
  const all = await ownNetworksNamed(api, wanted.Name);
  const kept = all[0];
  if (!kept)
    throw new SandboxFailure(
      'network-not-usable',
      `network ${wanted.Name} vanished while it was made`,
    );
  if (kept.Id !== created.id) await removeQuietly(api, created);
  return kept;
}

async function removeQuietly(api: DockerApi, network: Docker.Network): Promise<void> {
  try {
    await api.call(callLimitsMs.quick, (abortSignal) => network.remove({ abortSignal }));
  } catch {
    // Someone is attached to it already; it is labelled, and is removed once it is empty.
  }
}

async function ownNetworksNamed(api: DockerApi, name: string): Promise<NetworkInfo[]> {
  const all = await list(api, name);
  return all
    .filter((network) => network.Name === name)
    .sort((a, b) => compare(a.Created, b.Created) || compare(a.Id, b.Id));
}

async function list(api: DockerApi, name: string): Promise<NetworkInfo[]> {
  return await api.call(callLimitsMs.quick, (abortSignal) =>
    api.docker.listNetworks({ filters: { name: [name] }, abortSignal }),
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
