import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { battery, outsideTargets } from '../../src/prove/battery.ts';
import { addFindings, readFindings } from '../../src/prove/findings.ts';
import { type Battery, type OutsideTargets, ProbePlace } from '../../src/prove/place.ts';
import type { HostFindings, Judgement, Probe } from '../../src/prove/probe.ts';
import { type ProbeRow, observe, prove } from '../../src/prove/prove.ts';
import { composeReceipt } from '../../src/receipt/compose-receipt.ts';
import { describeOn, docker } from '../helpers/engines.ts';
import { type FaultOf, respond } from '../helpers/faulty-engine.ts';
import { type Asked, lyingEngine } from '../helpers/lying-engine.ts';
import { listenEverywhere } from '../../src/prove/listeners.ts';
import { taskRecord } from '../unit/support/task-record.ts';

// Each probe is run once with its protection switched off, and must notice. What an engine protects is switched
// off behind the program's back, by an engine that changes what it is asked for and says that it did not.

const unconfined = ['no-new-privileges', 'seccomp=unconfined', 'apparmor=unconfined'];

const twists: Record<string, (asked: Asked) => void> = {
  'memory-hog': ({ HostConfig }) => Object.assign(HostConfig, { Memory: 0, MemorySwap: 0 }),
  swap: ({ HostConfig }) => Object.assign(HostConfig, { MemorySwap: -1 }),
  'fork-bomb': ({ HostConfig }) => Object.assign(HostConfig, { PidsLimit: 0 }),
  'cpu-share': ({ HostConfig }) => Object.assign(HostConfig, { NanoCpus: 0 }),
  'tmp-flood': ({ HostConfig }) => Object.assign(HostConfig, { Tmpfs: { '/tmp': 'mode=1777' } }),
  'core-dump': ({ HostConfig }) =>
    Object.assign(HostConfig, { Ulimits: [{ Name: 'core', Soft: 1024, Hard: 1024 }] }),
  'write-outside': ({ HostConfig }) => Object.assign(HostConfig, { ReadonlyRootfs: false }),
  'other-processes': ({ HostConfig }) => Object.assign(HostConfig, { PidMode: 'host' }),
  'engine-socket': ({ HostConfig }) => {
    const socket = { Type: 'bind', Source: '/var/run/docker.sock', Target: '/run/docker.sock' };
    HostConfig.Mounts?.push(socket as never);
  },
  'caller-environment': (asked) => {
    const all = Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`);
    asked.Env = [...all, ...(asked.Env ?? [])];
  },
  'file-owner': (asked) => Object.assign(asked, { User: '12345:12345' }),
  devices: ({ HostConfig }) => Object.assign(HostConfig, { CapDrop: [] }),
  'kernel-paths': ({ HostConfig }) =>
    Object.assign(HostConfig, { MaskedPaths: [], ReadonlyPaths: [] }),
  namespaces: ({ HostConfig }) => Object.assign(HostConfig, { SecurityOpt: unconfined }),
  mount: ({ HostConfig }) =>
    Object.assign(HostConfig, { CapDrop: [], CapAdd: ['SYS_ADMIN'], SecurityOpt: unconfined }),
  'raw-sockets': ({ HostConfig }) => Object.assign(HostConfig, { CapDrop: [] }),
  capabilities: ({ HostConfig }) => Object.assign(HostConfig, { CapDrop: [] }),
  seccomp: ({ HostConfig }) => Object.assign(HostConfig, { SecurityOpt: unconfined }),
  'no-new-privileges': ({ HostConfig }) => Object.assign(HostConfig, { SecurityOpt: [] }),
  setuid: ({ HostConfig }) => Object.assign(HostConfig, { SecurityOpt: [] }),
  'host-network': bridged,
  'other-task': bridged,
  'outside-dns': bridged,
};

/** These need more than another container: each has a test of its own below. */
const others = [
  'deadline',
  'receipt-symlink',
  'setuid-left-behind',
  'leftovers',
  'internet',
  'cloud-metadata',
];

test('every probe is sabotaged', () => {
  const names = battery.map(({ name }) => name).sort();
  expect([...Object.keys(twists), ...others].sort()).toEqual(names);
});

describeOn('docker', 'a probe notices that its protection is gone', () => {
  test.each(Object.keys(twists))('%s', async (name) => {
    const row = await rowWith(name, { twist: twists[name] ?? unchanged });
    expect(row).toMatchObject({ name, verdict: 'broken' });
  });

  test('a limit that the engine admits not to enforce is broken all the same', async () => {
    const twist = twists['memory-hog'] ?? unchanged;
    const row = await rowWith('memory-hog', { twist, conceals: false });
    expect(row).toMatchObject({ verdict: 'broken' });
  });

  // What stands for the outside is a listener of this host, so that the test needs no internet.
  test.each(['internet', 'cloud-metadata'])('%s', async (name) => {
    const listeners = await listenEverywhere('probe');
    onTestFinished(listeners.close);
    const target = `${ownAddress()}:${listeners.tcpPort}`;
    const targets = { ...outsideTargets, internet: [target], metadata: [target] };
    expect(await rowWith(name, { twist: bridged, targets })).toMatchObject({ verdict: 'broken' });
    expect(await rowWith(name, { twist: unchanged, targets })).toMatchObject({ verdict: 'held' });
  });

  // Without privileges a task still gets datagrams to the host there, past every route.
  test('a bridge without any address of the host is no isolation', async () => {
    const name = `sandbox-sabotage-${process.pid}`;
    const network = await docker.createNetwork({
      Name: name,
      Internal: true,
      Options: {
        'com.docker.network.bridge.inhibit_ipv4': 'true',
        'com.docker.network.bridge.enable_icc': 'false',
      },
    });
    onTestFinished(() => network.remove());
    const twist = ({ HostConfig }: Asked) => Object.assign(HostConfig, { NetworkMode: name });
    expect(await rowWith('host-network', { twist })).toMatchObject({ verdict: 'broken' });
  });

  test('leftovers', async () => {
    const made: string[] = [];
    const row = await rowWith('leftovers', {
      twist: ({ HostConfig, Labels, Cmd }) => {
        if (!JSON.stringify(Cmd).includes('setsid')) return;
        HostConfig.AutoRemove = false;
        made.push(Labels?.['sandbox-run.task'] ?? '');
      },
      // The engine says that it removed the container.
      faultOf: (call) => (call.startsWith('DELETE ') ? respond(204, '') : null),
    });
    await Promise.all(
      made.map((id) => docker.getContainer(`sandbox-${id}`).remove({ force: true })),
    );
    expect(row).toMatchObject({ verdict: 'broken' });
    expect(row.evidence).toContain('container');
  });

  // Nothing is switched off here: the image lacks what the probe needs to try anything.
  test.each([
    ['leftovers', '/usr/bin/setsid', '/bin/false'],
    ['setuid-left-behind', '/usr/bin/chmod', '/bin/true'],
  ])('%s without %s is not proven', async (name, Target, Source) => {
    const twist = ({ HostConfig }: Asked) =>
      HostConfig.Mounts?.push({ Type: 'bind', Source, Target, ReadOnly: true } as never);
    expect(await rowWith(name, { twist })).toMatchObject({ verdict: 'unproven' });
  });

  // The program itself keeps this one: a far deadline is as good as none.
  test('deadline', async () => {
    const probe = probeNamed('deadline');
    const settings = { ...probe.task.settings, timeout: '25s' };
    const without = { ...probe, task: { ...probe.task, settings } };
    const seen = await observe(without, batteryOn({}));
    expect(probe.judge(seen)).toMatchObject({ verdict: 'broken' });
  });
});

// The program itself keeps the other two: here their part is played by a program that does not.
describeOn('simulation', 'a probe notices that the program does not protect', () => {
  test('receipt-symlink', async () => {
    const judgement = await judgedWithout('receipt-symlink', async ({ receiptPath }) => {
      await writeFile(receiptPath, '{}');
    });
    expect(judgement).toMatchObject({ verdict: 'broken' });
  });

  test('setuid-left-behind', async () => {
    const { task } = probeNamed('setuid-left-behind');
    const judgement = await judgedWithout('setuid-left-behind', async ({ workspace }) => {
      await execa('sh', ['-c', task.program], { cwd: workspace });
    });
    expect(judgement).toMatchObject({ verdict: 'broken' });
  });
});

/** What these found out nobody but the program itself can tell. */
const onlySaid = ['core-dump', 'no-new-privileges', 'setuid'];

describeOn('simulation', 'a program that only says that it tried is not believed', () => {
  const names = battery.map(({ name }) => name).filter((name) => !onlySaid.includes(name));

  test.each(names)('%s', async (name) => {
    const judgement = await judgedWithout(name, () => Promise.resolve()).catch(() => null);
    expect(judgement?.verdict).not.toBe('held');
  });
});

interface Sabotage {
  readonly twist: (asked: Asked) => void;
  readonly conceals?: boolean;
  readonly targets?: OutsideTargets;
  readonly faultOf?: FaultOf;
}

async function rowWith(name: string, sabotage: Sabotage): Promise<ProbeRow> {
  const directory = await mkdtemp(join(tmpdir(), 'sandbox-sabotage-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'engine.sock');
  const engine = await lyingEngine(path, sabotage);
  onTestFinished(engine.close);
  const around = batteryOn({ host: `unix://${path}`, targets: sabotage.targets });
  const { rows } = await prove(around, { probes: [probeNamed(name)], least: 'none' });
  const [row] = rows;
  if (!row) throw new Error('no row');
  return row;
}

function batteryOn({
  host = 'unix:///var/run/docker.sock',
  targets = outsideTargets,
}: {
  host?: string;
  targets?: OutsideTargets | undefined;
}): Battery {
  const never = new AbortController().signal;
  const flags = {
    engine: { text: 'docker', origin: '--engine' },
    host: { text: host, origin: '--host' },
  };
  return { flags, targets, cancel: never, force: never };
}

/** What a probe makes of a host on which `work` took the part of the run. */
async function judgedWithout(
  name: string,
  work: (place: ProbePlace) => Promise<void>,
): Promise<Judgement> {
  const probe = probeNamed(name);
  const flags = { engine: { text: 'simulation', origin: '--engine' } };
  const place = await ProbePlace.create({ ...batteryOn({}), flags });
  onTestFinished(() => place.remove());
  const stage = await probe.task.prepare?.(place);
  onTestFinished(() => stage?.dispose?.());
  await work(place);
  const receipt = composeReceipt(taskRecord());
  const host: HostFindings = (await stage?.after?.(receipt)) ?? {};
  return probe.judge({ receipt, findings: addFindings(readFindings('tried it\ndone\n'), host) });
}

function probeNamed(name: string): Probe {
  const probe = battery.find((candidate) => candidate.name === name);
  if (!probe) throw new Error(`no probe "${name}"`);
  return probe;
}

function bridged(asked: Asked): void {
  Object.assign(asked.HostConfig, { NetworkMode: 'bridge' });
  Reflect.deleteProperty(asked, 'NetworkingConfig');
}

function unchanged(): void {
  // As it was asked for.
}

/** An address of this host that a container on a bridge can reach. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const found = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (!found) throw new Error('this host has no address');
  return found.address;
}
