import type Docker from 'dockerode';
import { ownNetworks } from '../../spec/choices.ts';
import type { NetworkReach } from '../engine.ts';
import { isOlder } from './api-version.ts';
import { toolLabels } from './labels.ts';

/**
 * False where a task has no interface but loopback. `isolated` has none either: on a bridge without any address of
 * the host a task without privileges still gets UDP to every service of the host, by broadcast, by multicast, and
 * to any address by SO_BINDTODEVICE with SO_DONTROUTE (measured on 20.10), and sees its neighbours by ARP.
 */
export function hasNetwork(name: string): boolean {
  return name !== 'none' && name !== 'isolated';
}

/** True for the networks that are made on demand. */
export function isOwnNetwork(name: string): boolean {
  return hasNetwork(name) && ownNetworks.some((own) => own === name);
}

/** Every name that `engineNetworkName` gives a network that is made on demand. */
export function engineNetworkNames(): string[] {
  return ownNetworks.filter(isOwnNetwork).map(engineNetworkName);
}

/** The engine's name of a network that is ours. */
export function engineNetworkName(name: string): string {
  return `sandbox-${name}`;
}

/** A bridge with a way out, but with no traffic between tasks. */
export function wantedNetwork(name: string): Docker.NetworkCreateOptions {
  return {
    Name: engineNetworkName(name),
    Driver: 'bridge',
    Internal: false,
    EnableIPv6: false,
    Attachable: false,
    Labels: toolLabels(),
    Options: { 'com.docker.network.bridge.enable_icc': 'false' },
  };
}

/** What a task on one of our networks needs besides. */
export function networkSysctls(name: string, apiVersion: string): Record<string, string> {
  // Engine 26.0 leaves IPv6 on in networks without it (CVE-2024-32473); a kernel without IPv6 has no such setting.
  return isOwnNetwork(name) && apiVersion === '1.45'
    ? { 'net.ipv6.conf.all.disable_ipv6': '1', 'net.ipv6.conf.default.disable_ipv6': '1' }
    : {};
}

/** Where a network of ours leads; null for another's, which only the caller knows. */
export function reachesOf(
  name: string,
  engine: { readonly apiVersion: string | null; readonly filtersBridges: boolean | null },
): readonly NetworkReach[] | null {
  if (!hasNetwork(name)) return [];
  if (!isOwnNetwork(name)) return null;
  const reaches: NetworkReach[] = [
    'internet',
    'name-servers',
    'local-network',
    'host',
    'cloud-metadata',
  ];
  // From Engine 28 on the filter is loaded when it is needed, and this is always false.
  const isUnfiltered = engine.filtersBridges === false && isOlder(engine.apiVersion ?? '', '1.48');
  return isUnfiltered ? [...reaches, 'other-tasks'] : reaches;
}
