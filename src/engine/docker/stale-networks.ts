import type Docker from 'dockerode';
import { toolName } from '../../version.ts';
import { type DockerApi, callLimitsMs } from './docker-api.ts';
import { httpStatusOf } from './engine-failure.ts';
import { labels } from './labels.ts';
import { differingOptions, inOrder } from './network.ts';
import { engineNetworkNames, wantedNetwork } from './network-plan.ts';

type NetworkInfo = Docker.NetworkInspectInfo;

export interface StaleNetwork {
  readonly network: NetworkInfo;
  readonly reason: string;
}

/** Networks of ours that no task will be given, and that nothing is attached to. */
export async function staleNetworks(api: DockerApi, cancel: AbortSignal): Promise<StaleNetwork[]> {
  const filters = { label: [`${labels.tool}=${toolName}`] };
  const all = await api.call(
    callLimitsMs.quick,
    (abortSignal) => api.docker.listNetworks({ filters, abortSignal }),
    cancel,
  );
  const ours = inOrder(all.filter(isOurs));
  const stale = ours.flatMap((network) => {
    const reason = whyStale(network, ours);
    return reason === null ? [] : [{ network, reason }];
  });
  const used = await Promise.all(stale.map(({ network }) => isUsed(api, network, cancel)));
  return stale.filter((_, index) => used[index] === false);
}

/** Labels alone would not do: somebody may have copied them. */
function isOurs({ Name, Labels }: NetworkInfo): boolean {
  return Labels?.[labels.tool] === toolName && ownName.test(Name);
}

const ownName = /^sandbox-([a-z]+)$/;

/** Null for the one of each name that the next task is given; `ours` are in the order in which they are preferred. */
export function whyStale(network: NetworkInfo, ours: readonly NetworkInfo[]): string | null {
  if (!engineNetworkNames().includes(network.Name)) return 'no task is given such a network';
  const name = ownName.exec(network.Name)?.[1] ?? '';
  if (differingOptions(network, wantedNetwork(name)).length > 0) {
    return 'it was made with other options than a task is given';
  }
  const kept = ours.find(({ Name }) => Name === network.Name);
  return kept?.Id === network.Id ? null : 'there is an older one of the same name';
}

/** A list does not tell. What was removed meanwhile needs no removal. */
async function isUsed(api: DockerApi, { Id }: NetworkInfo, cancel: AbortSignal): Promise<boolean> {
  try {
    const found = (await api.get(`/networks/${Id}`, cancel)) as Partial<NetworkInfo>;
    return Object.keys(found.Containers ?? {}).length > 0;
  } catch (error) {
    if (httpStatusOf(error) === 404) return true;
    throw error;
  }
}
