import { expect, test } from 'vitest';
import { wantedNetwork } from '../../src/engine/docker/network.ts';
import { labels } from '../../src/engine/docker/labels.ts';

const noTraffic = { 'com.docker.network.bridge.enable_icc': 'false' };
const byInhibiting = { ...noTraffic, 'com.docker.network.bridge.inhibit_ipv4': 'true' };
const byMode = { ...noTraffic, 'com.docker.network.bridge.gateway_mode_ipv4': 'isolated' };

test.each([
  ['isolated', '1.41', byInhibiting],
  ['isolated', '1.47', byInhibiting],
  ['isolated', '1.48', byMode],
  ['isolated', '1.51', byMode],
  ['isolated', '2.0', byMode],
  ['egress', '1.41', noTraffic],
  ['egress', '1.51', noTraffic],
])('The network "%s" keeps tasks apart by what API %s can do', (name, apiVersion, options) => {
  expect(wantedNetwork(name, apiVersion).Options).toEqual(options);
});

test.each([
  ['isolated', true],
  ['egress', false],
])('That the network "%s" has no way out is %s', (name, isInternal) => {
  const network = wantedNetwork(name, '1.41');
  expect(network).toMatchObject({
    Name: `sandbox-${name}`,
    Driver: 'bridge',
    Internal: isInternal,
    EnableIPv6: false,
    Attachable: false,
  });
  expect(network.Labels?.[labels.tool]).toBe('sandbox-run');
});
