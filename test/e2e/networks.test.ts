import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { labels, toolLabels } from '../../src/engine/docker/labels.ts';
import { wantedNetwork } from '../../src/engine/docker/network-plan.ts';
import { finished, printed, projectRoot } from '../helpers/cli.ts';
import { describeOn, docker } from '../helpers/engines.ts';
import { hostAddresses, listenEverywhere } from '../helpers/reachable.ts';
import { Workspace } from '../helpers/workspace.ts';

const ours = 'sandbox-egress';

async function withScript(): Promise<Workspace> {
  const workspace = await Workspace.create();
  await cp(join(projectRoot, 'test/fixtures/reach.pl'), join(workspace.path, 'reach.pl'));
  return workspace;
}

async function idsOf(name: string): Promise<string[]> {
  const found = await docker.listNetworks({ filters: { name: [name] } });
  return found.filter(({ Name }) => Name === name).map(({ Id }) => Id);
}

async function removeOurs(): Promise<void> {
  await Promise.all((await idsOf(ours)).map((id) => docker.getNetwork(id).remove()));
}

/** A network of the caller's own, gone when the test is. */
async function makeNetwork(options: object): Promise<string> {
  const Name = `sandbox-test-${process.pid}`;
  const network = await docker.createNetwork({ Name, ...options });
  onTestFinished(async () => {
    await network.remove();
  });
  return Name;
}

describeOn('docker', 'networks', () => {
  /** The address of the host on a network, and all others that it has. */
  const everyAddress = async () => {
    const { IPAM } = (await docker.getNetwork('bridge').inspect()) as {
      IPAM: { Config: { Gateway?: string }[] };
    };
    const gateways = IPAM.Config.map(({ Gateway }) => Gateway ?? '').filter((text) => text !== '');
    return [...new Set([...gateways, ...hostAddresses()])];
  };

  test.each(['isolated', 'none'])(
    'a task in "%s" reaches nothing of the host, whatever it tries',
    async (network) => {
      const workspace = await withScript();
      const listener = await listenEverywhere();
      onTestFinished(() => listener.close());
      const outside = ['1.1.1.1', '8.8.8.8', '169.254.169.254', '2606:4700:4700::1111'];
      const addresses = [...(await everyAddress()), ...outside];
      const reach = `perl reach.pl ${listener.port} ${addresses.join(' ')}`;
      const line = `${reach}; ls /sys/class/net; timeout 5 getent hosts deb.debian.org; cat /proc/net/if_inet6`;
      const { stdout } = await workspace.run(['--network', network, '-c', line]);
      expect(stdout).toBe('end\nlo\n');
      expect(await listener.heard()).toEqual([]);
      expect((await workspace.receipt()).network).toEqual({ name: network, id: null, reaches: [] });
    },
  );

  test('the same tries get through to the host from a network with a way out, which the receipt says', async () => {
    const workspace = await withScript();
    const listener = await listenEverywhere();
    onTestFinished(() => listener.close());
    const addresses = await everyAddress();
    const reach = ['perl', 'reach.pl', String(listener.port), ...addresses];
    const { stdout } = await workspace.run(['--network', 'egress', '--', ...reach]);
    const four = addresses.filter((address) => !address.includes(':'));
    for (const address of four) expect(stdout).toContain(`tcp ${address} plain\n`);
    const heard = await listener.heard();
    for (const address of four) expect(heard).toContain(`reach ${address} plain`);
    // No IPv6 at all, although the bridge has a link-local address.
    expect(
      [...heard, stdout].filter((text) => /[0-9a-f]:/.test(text.replace(/([0-9a-f]{2}:){5}/, ''))),
    ).toEqual([]);
    const { network } = await workspace.receipt();
    expect(network.reaches).toEqual([
      ...['internet', 'name-servers', 'local-network', 'host', 'cloud-metadata'],
    ]);
    expect(network.id).toBe((await idsOf(ours))[0]);
  });

  test('by IPv6, too, where a network has it', async () => {
    const workspace = await withScript();
    const listener = await listenEverywhere();
    onTestFinished(() => listener.close());
    const Config = [{ Subnet: 'fd5b:7a3e:1::/64', Gateway: 'fd5b:7a3e:1::1' }];
    const name = await makeNetwork({ EnableIPv6: true, IPAM: { Config } });
    const reach = ['perl', 'reach.pl', String(listener.port), 'fd5b:7a3e:1::1'];
    const { stdout } = await workspace.run(['--network', name, '--', ...reach]);
    expect(stdout).toContain('tcp fd5b:7a3e:1::1 plain\n');
    const heard = await listener.heard();
    expect(heard).toContain('reach fd5b:7a3e:1::1 plain');
    expect(heard).toContain('reach ff02::1 eth0');
    expect((await workspace.receipt()).network.reaches).toBeNull();
  });

  test.each([
    ['egress', false],
    ['a network of the caller', true],
  ])('that tasks on %s reach one another is %s', async (which, reaches) => {
    const name = which === 'egress' ? 'egress' : await makeNetwork({});
    const [server, client] = [await Workspace.create(), await withScript()];
    const id = `served-${process.pid}`;
    const serve = [
      'use Socket; $| = 1; socket(U, AF_INET, SOCK_DGRAM, 0); bind(U, pack_sockaddr_in(4242, INADDR_ANY));',
      'socket(T, AF_INET, SOCK_STREAM, 0); bind(T, pack_sockaddr_in(4242, INADDR_ANY)); listen(T, 9);',
      'print "ready\\n"; while (recv(U, $m, 99, 0)) { print "$m\\n"; }',
    ].join(' ');
    const args = ['--id', id, '--network', name, '--', 'perl', '-e', serve];
    const running = server.start(args);
    await printed(running.stdout, 'ready');
    const { NetworkSettings } = await docker.getContainer(`sandbox-${id}`).inspect();
    const [endpoint] = Object.values(NetworkSettings.Networks);
    const address = endpoint?.IPAddress ?? '';
    expect(address).toMatch(/^\d+\./);
    const reached = await client.run([
      '--network',
      name,
      '--',
      'perl',
      'reach.pl',
      '4242',
      address,
    ]);
    running.kill('SIGTERM');
    const { stdout } = await finished(running);
    expect(reached.stdout.includes(`tcp ${address} plain\n`)).toBe(reaches);
    expect(stdout.includes(`reach ${address} plain\n`)).toBe(reaches);
    expect(stdout.includes('reach 255.255.255.255 eth0\n')).toBe(reaches);
    expect(stdout.includes('reach 224.0.0.1 plain\n')).toBe(reaches);
  });

  test('a network that does not exist is refused with the remedy', async () => {
    const workspace = await Workspace.create();
    const { exitCode, stderr } = await workspace.run(['--network', 'no-such-network', 'true']);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('docker network create no-such-network');
    expect(stderr).not.toContain('did you mean');
    const near = await workspace.run(['--network', 'egres', 'true']);
    expect(near.stderr).toContain('no network "egres" on the engine, did you mean egress?');
  });

  describeOn('docker', 'the network that is made on demand', () => {
    beforeAll(removeOurs);

    test('ten first runs at once make exactly one, with our label, and it is used again', async () => {
      await removeOurs();
      const workspaces = await Promise.all(Array.from({ length: 10 }, () => Workspace.create()));
      const args = ['--network', 'egress', '-m', '64m', '--', 'true'];
      const results = await Promise.all(workspaces.map((workspace) => workspace.run(args)));
      expect(results.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(
        results.map(() => [0, '']),
      );
      const ids = await idsOf(ours);
      expect(ids).toHaveLength(1);
      const receipts = await Promise.all(workspaces.map((workspace) => workspace.receipt()));
      expect(new Set(receipts.map(({ network }) => network.id))).toEqual(new Set(ids));
      const { Labels } = (await docker.getNetwork(ids[0] ?? '').inspect()) as {
        Labels: Record<string, string>;
      };
      expect(Labels[labels.tool]).toBe('sandbox-run');
    });

    test('isolated and none make none', async () => {
      await removeOurs();
      const workspace = await Workspace.create();
      const before = (await docker.listNetworks()).length;
      await workspace.run(['true']);
      await workspace.run(['--network', 'none', 'true']);
      expect(await docker.listNetworks()).toHaveLength(before);
    });

    test('several of the same name, as another host may make them, become one', async () => {
      await removeOurs();
      const workspace = await Workspace.create();
      const wanted = wantedNetwork('egress');
      await docker.createNetwork({ ...wanted, CheckDuplicate: false });
      await docker.createNetwork({ ...wanted, CheckDuplicate: false });
      expect(await idsOf(ours)).toHaveLength(2);
      expect((await workspace.run(['--network', 'egress', 'true'])).exitCode).toBe(0);
      expect(await idsOf(ours)).toHaveLength(1);
    });

    test('the oldest of several is used by its id, although the other is not ours to remove', async () => {
      await removeOurs();
      const workspace = await Workspace.create();
      const first = await docker.createNetwork({
        ...wantedNetwork('egress'),
        CheckDuplicate: false,
      });
      const foreign = await docker.createNetwork({ Name: ours, CheckDuplicate: false });
      onTestFinished(async () => {
        await foreign.remove();
      });
      const { exitCode } = await workspace.run(['--network', 'egress', 'true']);
      expect(exitCode).toBe(0);
      expect((await workspace.receipt()).network.id).toBe(first.id);
      expect(await idsOf(ours)).toHaveLength(2);
    });

    const wanted = wantedNetwork('egress');
    const icc = 'com.docker.network.bridge.enable_icc';
    const six = [{ Subnet: 'fd5b:7a3e:2::/64' }];
    test.each<[string, string, object]>([
      ['has no options', icc, { Options: {} }],
      ['lets tasks talk', icc, { Options: { [icc]: 'true' } }],
      ['has IPv6', 'IPv6', { EnableIPv6: true, IPAM: { Config: six } }],
      ['is internal', 'internal', { Internal: true }],
      ['is not labelled', 'label', { Labels: {} }],
      [
        'takes a bridge of its own',
        'bridge.name',
        { Options: { ...wanted.Options, 'com.docker.network.bridge.name': 'sbtest0' } },
      ],
    ])('one of our name that %s is refused with the remedy', async (_, difference, changes) => {
      await removeOurs();
      const workspace = await Workspace.create();
      const foreign = await docker.createNetwork({ ...wanted, Labels: toolLabels(), ...changes });
      onTestFinished(async () => {
        await foreign.remove();
      });
      const { exitCode, stderr } = await workspace.run(['--network', 'egress', 'true']);
      expect(exitCode).toBe(125);
      expect(stderr).toContain(difference);
      expect(stderr).toContain(`docker network rm ${ours}`);
    });
  });
});
