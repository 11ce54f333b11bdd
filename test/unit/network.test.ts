import { describe, expect, test } from 'vitest';
import { labels, toolLabels } from '../../src/engine/docker/labels.ts';
import { differingOptions } from '../../src/engine/docker/network.ts';
import {
  hasNetwork,
  isOwnNetwork,
  networkSysctls,
  reachesOf,
  wantedNetwork,
} from '../../src/engine/docker/network-plan.ts';

test.each([
  ['none', false, false],
  ['isolated', false, false],
  ['egress', true, true],
  ['my-net', true, false],
])('The task in "%s" has an interface: %s, and the network is ours: %s', (name, has, isOwn) => {
  expect([hasNetwork(name), isOwnNetwork(name)]).toEqual([has, isOwn]);
});

test('The network with a way out keeps tasks apart', () => {
  const network = wantedNetwork('egress');
  expect(network).toMatchObject({
    Name: 'sandbox-egress',
    Driver: 'bridge',
    Internal: false,
    EnableIPv6: false,
    Options: { 'com.docker.network.bridge.enable_icc': 'false' },
  });
  expect(network.Labels?.[labels.tool]).toBe('sandbox-run');
});

test.each([
  ['egress', '1.41', false],
  ['egress', '1.45', true],
  ['egress', '1.48', false],
  ['my-net', '1.45', false],
])('IPv6 is switched off by hand in "%s" with API %s: %s', (name, apiVersion, isOff) => {
  expect(Object.keys(networkSysctls(name, apiVersion)).length > 0).toBe(isOff);
});

describe('what a network reaches', () => {
  const engine = { apiVersion: '1.41', filtersBridges: true };
  const outside = ['internet', 'name-servers', 'local-network', 'host', 'cloud-metadata'];

  test.each([
    ['isolated', engine, []],
    ['none', engine, []],
    ['egress', engine, outside],
    ['egress', { ...engine, filtersBridges: null }, outside],
    ['egress', { ...engine, filtersBridges: false }, [...outside, 'other-tasks']],
    ['egress', { apiVersion: '1.48', filtersBridges: false }, outside],
    ['my-net', engine, null],
  ])('%s on %j: %j', (name, on, expected) => {
    expect(reachesOf(name, on)).toEqual(expected);
  });
});

describe('a network of our name that exists already', () => {
  const icc = 'com.docker.network.bridge.enable_icc';
  const ours = {
    Driver: 'bridge',
    Internal: false,
    EnableIPv6: false,
    Options: { [icc]: 'false' },
    Labels: toolLabels(),
  };

  test.each<[string, object, string[]]>([
    ['as we made it', {}, []],
    [
      'with an option that engines add',
      { Options: { ...ours.Options, 'com.docker.network.enable_ipv4': 'true' } },
      [],
    ],
    ['with another driver', { Driver: 'macvlan' }, ['driver']],
    ['that is internal', { Internal: true }, ['internal']],
    ['with IPv6', { EnableIPv6: true }, ['IPv6']],
    ['with traffic between tasks', { Options: { [icc]: 'true' } }, [icc]],
    ['without options', { Options: null }, [icc]],
    [
      'with another option of the bridge',
      { Options: { ...ours.Options, 'com.docker.network.bridge.name': 'br0' } },
      ['com.docker.network.bridge.name'],
    ],
    ['without our label', { Labels: {} }, ['label']],
    ['without any label', { Labels: null }, ['label']],
  ])('%s', (_, changes, expected) => {
    expect(differingOptions({ ...ours, ...changes }, wantedNetwork('egress'))).toEqual(expected);
  });
});
