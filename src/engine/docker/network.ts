import { join } from 'node:path';
import type Docker from 'dockerode';
import { SandboxFailure } from '../../failure.ts';
import { ownNetworks } from '../../spec/choices.ts';
import { nearestOf } from '../../spec/nearest.ts';
import { type Lock, acquireLock } from '../lock.ts';
import { ownTemporaryDirectory } from '../own-directory.ts';
import { type DockerApi, callLimitsMs } from './docker-api.ts';
import { engineMessageOf, httpStatusOf } from './engine-failure.ts';
import { labels } from './labels.ts';
import { hasNetwork, isOwnNetwork, wantedNetwork } from './network-plan.ts';

export interface UsableNetwork {
  readonly name: string;
  /** What HostConfig.NetworkMode takes. */
  readonly mode: string;
  readonly id: string | null;
}

type NetworkInfo = Docker.NetworkInspectInfo;

/**
 * The network to attach a task to; ours are made when they are missing. One network serves all tasks: the
 * default address pools hold only about 31.
 */
export async function ensureNetwork(
  api: DockerApi,
  name: string,
  cancel: AbortSignal,
): Promise<UsableNetwork> {
  if (!hasNetwork(name)) return { name, mode: 'none', id: null };
  if (!isOwnNetwork(name)) return await existingNetwork(api, name, cancel);
  const wanted = wantedNetwork(name);
  const found = await ownNetworksNamed(api, wanted.Name, cancel);
  const network = found.length === 1 ? found[0] : await makeOne(api, wanted);
  if (!network) throw vanished(wanted.Name);
  if (found.length === 1) checkOptions(network, wanted);
  else await checkMade(api, network, wanted);
  return { name, mode: network.Id, id: network.Id };
}

async function existingNetwork(
  api: DockerApi,
  name: string,
  cancel: AbortSignal,
): Promise<UsableNetwork> {
  const all = await list(api, name, cancel);
  const network = all.find((candidate) => candidate.Name === name || candidate.Id === name);
  if (network && !['host', 'null'].includes(network.Driver))
    return { name, mode: network.Id, id: network.Id };
  const nearest = nearestOf(name, ownNetworks);
  const question = nearest === null ? '' : `, did you mean ${nearest}?`;
  const message = `there is no network "${name}" on the engine${question}`;
  throw new SandboxFailure('network-not-usable', message, {
    hint: `Create it with \`docker network create ${name}\`, or use isolated, egress or none.`,
  });
}

/**
 * Six creations at once make six networks of the same name. So only one process of this host creates at a time,
 * and whoever sees several (another host may share the engine) keeps the oldest, the id deciding between equals.
 */
async function makeOne(
  api: DockerApi,
  wanted: Docker.NetworkCreateOptions,
): Promise<NetworkInfo | undefined> {
  const lock = await waitForLock(join(await ownTemporaryDirectory(), `${wanted.Name}.lock`));
  try {
    const found = await ownNetworksNamed(api, wanted.Name);
    if (found.length === 0) {
      await createUnlessThere(api, wanted);
    }
    const [kept, ...others] = await ownNetworksNamed(api, wanted.Name);
    await Promise.all(others.filter(isOurs).map((other) => removeQuietly(api, other.Id)));
    return kept;
  } finally {
    await lock?.release();
  }
}

/** From Engine 25 on a second one of the same name is refused: then another host was faster, and its own is found. */
async function createUnlessThere(api: DockerApi, wanted: Docker.NetworkCreateOptions) {
  try {
    await api.call(callLimitsMs.quick, (abortSignal) =>
      api.docker.createNetwork({ ...wanted, abortSignal }),
    );
  } catch (error) {
    if (httpStatusOf(error) === 409) return;
    if (httpStatusOf(error) === null) throw error;
    throw new SandboxFailure(
      'network-not-usable',
      `the engine could not make the network ${wanted.Name}: ${engineMessageOf(error)}`,
      {
        hint: 'Where no addresses are left, remove networks that nobody uses (docker network ls), or give the engine more default-address-pools.',
        cause: error,
      },
    );
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

function isOurs({ Labels }: Pick<NetworkInfo, 'Labels'>): boolean {
  return Labels?.[labels.tool] !== undefined;
}

async function removeQuietly(api: DockerApi, id: string): Promise<void> {
  try {
    await api.call(callLimitsMs.quick, (abortSignal) =>
      api.docker.removeNetwork(id, { abortSignal }),
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
  return inOrder(all.filter((network) => network.Name === name));
}

/** The first of each name is the one that everybody keeps. */
export function inOrder(networks: readonly NetworkInfo[]): NetworkInfo[] {
  return [...networks].sort((a, b) => compare(a.Created, b.Created) || compare(a.Id, b.Id));
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

/** Podman drops options that it does not know. What it made is of no use, and must not look as if somebody else had made it. */
async function checkMade(
  api: DockerApi,
  network: NetworkInfo,
  wanted: Docker.NetworkCreateOptions,
): Promise<void> {
  const differing = differingOptions(network, wanted);
  if (differing.length === 0) return;
  await removeQuietly(api, network.Id);
  throw new SandboxFailure(
    'network-not-usable',
    `the engine makes the network ${network.Name} without what keeps tasks apart (${differing.join(', ')})`,
    { hint: 'Use --network isolated or none there, a network of your own, or Docker Engine.' },
  );
}

/** A network of our name that someone made otherwise isolates less than its name promises. */
function checkOptions(network: NetworkInfo, wanted: Docker.NetworkCreateOptions): void {
  const differing = differingOptions(network, wanted);
  if (differing.length === 0) return;
  throw new SandboxFailure(
    'network-not-usable',
    `the network ${network.Name} exists with other options (${differing.join(', ')})`,
    { hint: `Remove it, it is made again when needed: docker network rm ${network.Name}` },
  );
}

/** What an engine adds by itself does not count, unless it is an option of the bridge, which may open it. */
export function differingOptions(
  network: Pick<NetworkInfo, 'Driver' | 'Internal' | 'EnableIPv6' | 'Options' | 'Labels'>,
  wanted: Docker.NetworkCreateOptions,
): string[] {
  const found = network.Options ?? {};
  const asked = wanted.Options ?? {};
  const bridgeOptions = Object.keys(found).filter((option) => option.startsWith(bridgePrefix));
  const options = new Set([...Object.keys(asked), ...bridgeOptions]);
  return [
    ...(network.Driver === wanted.Driver ? [] : ['driver']),
    ...(network.Internal === wanted.Internal ? [] : ['internal']),
    ...(network.EnableIPv6 ? ['IPv6'] : []),
    ...[...options].filter((option) => found[option] !== asked[option]),
    ...(isOurs(network) ? [] : ['label']),
  ];
}

const bridgePrefix = 'com.docker.network.bridge.';
