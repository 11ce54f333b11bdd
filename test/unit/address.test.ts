import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { engineAddresses } from '../../src/engine/docker/address.ts';
import { failureOf } from './support/failure.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

/** A home of its own: nothing of whoever runs the tests decides. */
class Host {
  readonly root: string;
  readonly home: string;

  private constructor(root: string) {
    this.root = root;
    this.home = join(root, 'home');
  }

  static async create(): Promise<Host> {
    return new Host(await temporaryDirectory());
  }

  async write(path: string, text: string): Promise<string> {
    const whole = join(this.root, path);
    await mkdir(dirname(whole), { recursive: true });
    await writeFile(whole, text);
    return whole;
  }

  async writeContext(name: string, docker: object): Promise<string> {
    const folder = createHash('sha256').update(name).digest('hex');
    const meta = JSON.stringify({ Name: name, Endpoints: { docker } });
    await this.write(`home/.docker/contexts/meta/${folder}/meta.json`, meta);
    return folder;
  }

  async useContext(name: string): Promise<void> {
    await this.write('home/.docker/config.json', JSON.stringify({ currentContext: name }));
  }

  async addresses(env: NodeJS.ProcessEnv = {}, named: { host?: string; context?: string } = {}) {
    return await engineAddresses({
      host: named.host ?? null,
      context: named.context ?? null,
      env: { HOME: this.home, ...env },
      cancel: new AbortController().signal,
    });
  }

  async urls(...args: Parameters<Host['addresses']>): Promise<string[]> {
    return (await this.addresses(...args)).map(({ url }) => url);
  }
}

const defaultUrl = 'unix:///var/run/docker.sock';

describe('the order of precedence', () => {
  const byHost = { url: 'unix:///flag.sock', origin: '--host', tls: null };
  const byContext = { url: 'unix:///one.sock', origin: '--context (context one)', tls: null };
  const byVariable = { url: 'unix:///env.sock', origin: 'DOCKER_HOST', tls: null };
  const byName = { url: 'unix:///two.sock', origin: 'DOCKER_CONTEXT (context two)', tls: null };
  const DOCKER_HOST = 'unix:///env.sock';
  const DOCKER_CONTEXT = 'two';
  const XDG_RUNTIME_DIR = '/nonexistent';

  test.each([
    ['--host', { DOCKER_HOST, DOCKER_CONTEXT }, { host: byHost.url, context: 'one' }, byHost],
    ['--context', { DOCKER_HOST, DOCKER_CONTEXT }, { context: 'one' }, byContext],
    ['DOCKER_HOST', { DOCKER_HOST, DOCKER_CONTEXT }, {}, byVariable],
    ['DOCKER_CONTEXT', { DOCKER_HOST: '', DOCKER_CONTEXT, XDG_RUNTIME_DIR }, {}, byName],
  ] as const)('%s is the only candidate where nothing stands above it', async (...row) => {
    const [, env, named, expected] = row;
    const host = await Host.create();
    for (const name of ['one', 'two', 'three']) {
      await host.writeContext(name, { Host: `unix:///${name}.sock` });
    }
    await host.useContext('three');
    expect(await host.addresses(env, named)).toEqual([expected]);
  });

  test("The Docker config's current context comes next", async () => {
    const host = await Host.create();
    await host.writeContext('three', { Host: 'unix:///three.sock' });
    await host.useContext('three');
    const [address, ...rest] = await host.addresses();
    expect(address).toMatchObject({ url: 'unix:///three.sock', tls: null });
    expect(address?.origin).toContain('.docker/config.json (context three)');
    expect(rest).toEqual([]);
  });

  test('The usual sockets come last: the default one, then those that are there', async () => {
    const host = await Host.create();
    const socket = async (path: string) => `unix://${await host.write(path, '')}`;
    const orbstack = await socket('home/.orbstack/run/docker.sock');
    const rancher = await socket('home/.rd/docker.sock');
    const colima = await socket('home/.colima/default/docker.sock');
    const desktop = await socket('home/.docker/desktop/docker.sock');
    const podman = await socket('run/podman/podman.sock');
    const container = await socket('podman.sock');
    const rootless = await socket('run/docker.sock');
    const env = { XDG_RUNTIME_DIR: join(host.root, 'run'), CONTAINER_HOST: container };
    const found = await host.urls(env);
    // A Podman of the machine itself may be there as well.
    expect(found.filter((url) => url !== 'unix:///run/podman/podman.sock')).toEqual([
      defaultUrl,
      rootless,
      container,
      podman,
      desktop,
      colima,
      rancher,
      orbstack,
    ]);
    expect((await host.addresses(env)).map(({ origin }) => origin)).toContain('default');
  });

  test('Where nothing is there, the default socket is still a candidate', async () => {
    const host = await Host.create();
    const [first] = await host.urls({ XDG_RUNTIME_DIR: join(host.root, 'run') });
    expect(first).toBe(defaultUrl);
  });
});

describe('contexts', () => {
  test.each(['--context', 'DOCKER_CONTEXT'])(
    '"default" by %s is the default socket',
    async (way) => {
      const host = await Host.create();
      const isFlag = way === '--context';
      const env = isFlag ? {} : { DOCKER_CONTEXT: 'default' };
      expect(await host.urls(env, isFlag ? { context: 'default' } : {})).toEqual([defaultUrl]);
    },
  );

  test('"default" in the Docker config means none', async () => {
    const host = await Host.create();
    await host.useContext('default');
    expect(await host.urls()).toContain(defaultUrl);
  });

  test('DOCKER_CONFIG is where they are looked for', async () => {
    const host = await Host.create();
    await host.writeContext('one', { Host: 'unix:///one.sock' });
    const env = { HOME: '/nonexistent', DOCKER_CONFIG: join(host.home, '.docker') };
    expect(await host.urls(env, { context: 'one' })).toEqual(['unix:///one.sock']);
  });

  test.each([
    [{}, true],
    [{ SkipTLSVerify: true }, false],
  ])('Their TLS files go with them, and %j decides who is believed', async (more, verify) => {
    const host = await Host.create();
    const folder = await host.writeContext('one', { Host: 'tcp://h:2376', ...more });
    for (const name of ['ca', 'cert', 'key']) {
      await host.write(`home/.docker/contexts/tls/${folder}/docker/${name}.pem`, `the ${name}`);
    }
    const [address] = await host.addresses({}, { context: 'one' });
    expect(address?.tls).toEqual({ ca: 'the ca', cert: 'the cert', key: 'the key', verify });
  });

  test.each(['--context', 'DOCKER_CONTEXT', 'config.json'])(
    'One that %s names and that is not there is an error, never passed over',
    async (way) => {
      const host = await Host.create();
      if (way === 'config.json') await host.useContext('gone');
      const env = way === 'DOCKER_CONTEXT' ? { DOCKER_CONTEXT: 'gone' } : {};
      const named = way === '--context' ? { context: 'gone' } : {};
      const failure = await failureOf(() => host.addresses(env, named));
      expect(failure.code).toBe('config-unreadable');
      expect(failure.message).toContain('the Docker context "gone"');
      expect(failure.message).toContain(way);
    },
  );

  test.each(['{', 'null', '{"currentContext": 1}'])(
    'A Docker config that cannot be used is an error: %s',
    async (text) => {
      const host = await Host.create();
      const path = await host.write('home/.docker/config.json', text);
      const failure = await failureOf(() => host.addresses());
      expect(failure.code).toBe('config-unreadable');
      expect(failure.message).toContain(path);
    },
  );

  test('One without an endpoint is an error', async () => {
    const host = await Host.create();
    await host.writeContext('one', {});
    const failure = await failureOf(() => host.addresses({}, { context: 'one' }));
    expect(failure.code).toBe('config-unreadable');
  });
});

describe('the form of an address', () => {
  test.each([
    ['unix:///run/docker.sock', 'unix:///run/docker.sock'],
    ['tcp://h:2375', 'tcp://h:2375'],
    ['ssh://user@h', 'ssh://user@h'],
    ['h:2375', 'tcp://h:2375'],
    ['127.0.0.1', 'tcp://127.0.0.1'],
  ])('"%s" is %s', async (host, url) => {
    const options = { env: { HOME: '/nonexistent' }, cancel: new AbortController().signal };
    const addresses = await engineAddresses({ host, context: null, ...options });
    expect(addresses).toEqual([{ url, origin: '--host', tls: null }]);
  });

  test.each<[string, NodeJS.ProcessEnv, boolean | null]>([
    ['tcp://h', { DOCKER_TLS_VERIFY: '1' }, true],
    ['tcp://h', { DOCKER_TLS: '1' }, false],
    ['tcp://h', { DOCKER_TLS_VERIFY: '' }, null],
    ['tcp://h', {}, null],
    ['unix:///x.sock', { DOCKER_TLS_VERIFY: '1' }, null],
    ['ssh://h', { DOCKER_TLS_VERIFY: '1' }, null],
  ])('With "%s" and %j the certificate is checked: %s', async (url, env, verify) => {
    const host = await Host.create();
    const certificates = join(host.root, 'certs');
    await host.write('certs/ca.pem', 'the ca');
    const [address] = await host.addresses(
      { ...env, DOCKER_CERT_PATH: certificates },
      { host: url },
    );
    const tls = { ca: 'the ca', cert: null, key: null, verify };
    expect(address?.tls).toEqual(verify === null ? null : tls);
  });

  test('TLS without any file still checks by the authorities of the system', async () => {
    const host = await Host.create();
    const [address] = await host.addresses({ DOCKER_TLS_VERIFY: '1', DOCKER_HOST: 'tcp://h' });
    expect(address?.tls).toEqual({ ca: null, cert: null, key: null, verify: true });
  });
});
