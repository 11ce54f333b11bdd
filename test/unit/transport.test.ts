import { describe, expect, test } from 'vitest';
import { transportOf } from '../../src/engine/docker/transport.ts';
import { failureOf } from './support/failure.ts';

const tls = { ca: 'the ca', cert: null, key: null, verify: false };

describe('how an engine is reached', () => {
  test.each([
    ['unix:///run/docker.sock', { socketPath: '/run/docker.sock', protocol: 'http' }],
    ['npipe:////./pipe/docker', { socketPath: '//./pipe/docker', protocol: 'http' }],
    ['tcp://h', { host: 'h', port: 2375, protocol: 'http' }],
    ['tcp://h:99', { host: 'h', port: 99, protocol: 'http' }],
    ['tcp://[::1]:99', { host: '::1', port: 99, protocol: 'http' }],
    ['http://h:99', { host: 'h', port: 99, protocol: 'http' }],
  ])('%s', (url, transport) => {
    expect(transportOf({ url, origin: '--host', tls: null })).toEqual(transport);
  });

  test.each([
    ['tcp://h', tls, 2376, false],
    ['tcp://h:99', { ...tls, verify: true }, 99, true],
    ['https://h', null, 2376, true],
  ])('%s with %j is TLS', (...row) => {
    const [url, files, port, rejectUnauthorized] = row;
    const { agent, ...rest } = transportOf({ url, origin: '--host', tls: files });
    expect(rest).toEqual({ host: 'h', port, protocol: 'https' });
    expect(agent).toMatchObject({ options: { rejectUnauthorized } });
  });

  test.each(['unix://', 'tcp://', 'fd://3', 'gopher://h', 'tcp://h:99999', 'tcp:// '])(
    'An address that cannot be used names itself and its origin: %s',
    async (url) => {
      const failure = await failureOf(() => transportOf({ url, origin: 'DOCKER_HOST', tls: null }));
      expect(failure.message).toContain('DOCKER_HOST: expected an address such as');
      expect(failure.message).toContain(`got "${url}"`);
    },
  );
});
