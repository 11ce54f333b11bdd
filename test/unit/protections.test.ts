import type Docker from 'dockerode';
import { describe, expect, test } from 'vitest';
import { engineInfo } from '../../src/engine/docker/engine-info.ts';
import { loosened } from '../../src/engine/docker/loosened.ts';
import { tmpfsOf } from '../../src/engine/docker/mounts.ts';
import type { Inspection } from '../../src/engine/docker/inspection.ts';
import { notEnforced } from '../../src/engine/docker/protections.ts';
import type { TaskSpec } from '../../src/spec/task-spec.ts';
import { taskSpec } from './support/task-spec.ts';

const sayings = {
  DefaultRuntime: 'runc',
  Runtimes: {
    runc: { path: 'runc' },
    runsc: { path: '/usr/bin/runsc' },
    'runsc-seccomp': { path: '/usr/bin/runsc', runtimeArgs: ['--oci-seccomp'] },
  },
  SecurityOptions: ['name=seccomp,profile=default'],
};

/** An engine that did everything it was asked for. */
const obedient = {
  Memory: 536_870_912,
  MemorySwap: 536_870_912,
  NanoCpus: 1_000_000_000,
  PidsLimit: 256,
  CapAdd: null,
  CapDrop: ['ALL'],
  SecurityOpt: ['no-new-privileges'],
  ReadonlyRootfs: true,
  Privileged: false,
  Runtime: 'runc',
  Init: true,
  IpcMode: 'private',
  PidMode: '',
  UTSMode: '',
  UsernsMode: '',
  NetworkMode: 'none',
  ShmSize: 268_435_456,
  Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
  LogConfig: { Type: 'none', Config: {} },
  Tmpfs: Object.fromEntries(tmpfsOf(taskSpec()).map(({ target, options }) => [target, options])),
  MaskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware', '/proc/acpi'],
  ReadonlyPaths: ['/proc/bus', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
};

/** As Podman spells it. */
const everyDefault = [
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD'],
  ...['NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
];
const allButChown = everyDefault.filter((name) => name !== 'CHOWN');

function mapValues(record: Record<string, string>, change: (value: string) => string) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

interface Case {
  readonly host?: object;
  readonly spec?: Partial<TaskSpec>;
  readonly user?: string;
  readonly mounts?: readonly object[] | null;
  readonly engine?: object;
  readonly product?: string | null;
}

function inspection({ host, spec, user, mounts, engine, product }: Case): Inspection {
  const inspected = {
    HostConfig: { ...obedient, ...host },
    Config: { User: user ?? '1000:1000' },
    Mounts: mounts === undefined ? [{ Destination: '/workspace', RW: true }] : mounts,
  } as unknown as Docker.ContainerInspectInfo;
  return {
    inspected,
    spec: taskSpec(spec),
    info: engineInfo({ ...sayings, ...engine }),
    added: [],
    product: product === undefined ? 'Docker Engine' : product,
  };
}

const missing = (one: Case) => notEnforced(inspection(one));

describe('what is not enforced', () => {
  test.each<[string, Case]>([
    ['did as it was asked', {}],
    ['writes it otherwise', { host: { SecurityOpt: ['no-new-privileges:true'] } }],
    [
      'has the security module',
      {
        host: { SecurityOpt: ['no-new-privileges', 'label=disable', 'apparmor=x'] },
        engine: { SecurityOptions: ['name=seccomp', 'name=selinux', 'name=apparmor'] },
      },
    ],
    ['writes small', { host: { CapDrop: ['all'] } }],
    ['spells out', { host: { CapDrop: everyDefault } }],
    ['spells out with CAP_', { host: { CapDrop: everyDefault.map((name) => `CAP_${name}`) } }],
    [
      'adds words to a tmpfs',
      { host: { Tmpfs: mapValues(obedient.Tmpfs, (options) => `${options},rprivate`) } },
    ],
    [
      'adds for any user, and does not tell',
      {
        spec: { capAdd: ['CHOWN'] },
        product: 'Podman Engine',
        host: { CapDrop: allButChown, SecurityOpt: ['no-new-privileges', 'seccomp=/x'] },
      },
    ],
    ['names the limit otherwise', { host: { Ulimits: [{ Name: 'RLIMIT_CORE', Hard: 0 }] } }],
    ['has a profile of its own', { engine: { SecurityOptions: ['name=seccomp,profile=/x'] } }],
    [
      'was given a profile',
      {
        host: { SecurityOpt: ['no-new-privileges', 'seccomp={}'] },
        engine: { SecurityOptions: [] },
      },
    ],
    [
      'was told to leave seccomp out',
      { host: { SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'] } },
    ],
    [
      'mounted it read-only',
      {
        spec: { workspaceMode: 'ro' },
        mounts: [{ Destination: '/workspace', RW: false }],
      },
    ],
    [
      'attached the network',
      { spec: { network: 'egress' }, host: { NetworkMode: '0123456789ab' } },
    ],
    [
      'added what was asked for',
      { spec: { capAdd: ['NET_RAW'] }, host: { CapAdd: ['CAP_NET_RAW'] }, user: '0:0' },
    ],
  ])('Nothing, where the engine %s', (_, one) => {
    expect(missing(one)).toEqual([]);
  });

  test('The filter of Podman, which is looser, unless ours is in its place', () => {
    const product = 'Podman Engine';
    expect(missing({ product })).toEqual(['seccomp']);
    const ours = { SecurityOpt: ['no-new-privileges', 'seccomp=/run/0.json'] };
    expect(missing({ product, host: ours })).toEqual([]);
  });

  test.each<[string[], object]>([
    [['memory'], { Memory: 0 }],
    [['memory'], { Memory: 1 }],
    [['memory-swap'], { MemorySwap: -1 }],
    [['memory-swap'], { MemorySwap: 1_073_741_824 }],
    [['cpus'], { NanoCpus: 0 }],
    [['pids-limit'], { PidsLimit: -1 }],
    [['core-dumps'], { Ulimits: null }],
    [['core-dumps'], { Ulimits: [{ Name: 'core', Soft: 0, Hard: 1 }] }],
    [['log-driver'], { LogConfig: { Type: 'json-file' } }],
    [['log-driver'], { LogConfig: null }],
    [['no-new-privileges'], { SecurityOpt: null }],
    [['no-new-privileges'], { SecurityOpt: ['no-new-privileges=false'] }],
    [['capabilities'], { CapDrop: ['CAP_KILL'] }],
    [['capabilities'], { CapDrop: null }],
    [['capabilities'], { CapDrop: allButChown }],
    [['tmpfs-size'], { Tmpfs: { ...obedient.Tmpfs, '/run': 'rw,nosuid' } }],
    [['capabilities'], { CapAdd: ['SYS_ADMIN'] }],
    [['privileged'], { Privileged: true }],
    [['init'], { Init: null }],
    [['read-only-root'], { ReadonlyRootfs: false }],
    [['masked-paths'], { MaskedPaths: null }],
    [['masked-paths'], { MaskedPaths: [] }],
    [['masked-paths'], { MaskedPaths: ['/proc/keys', '/proc/timer_list', '/sys/firmware'] }],
    [['read-only-paths'], { ReadonlyPaths: null }],
    [['read-only-paths'], { ReadonlyPaths: ['/proc/bus', '/proc/irq', '/proc/sysrq-trigger'] }],
    [['shm-size'], { ShmSize: 67_108_864 }],
    [['tmpfs-size'], { Tmpfs: { '/tmp': 'rw' } }],
    [['tmpfs-size'], { Tmpfs: null }],
    [['ipc-namespace'], { IpcMode: 'host' }],
    [['ipc-namespace'], { IpcMode: 'shareable' }],
    [['pid-namespace'], { PidMode: 'host' }],
    [['uts-namespace'], { UTSMode: 'host' }],
    [['user-namespace'], { UsernsMode: 'host' }],
    [['network'], { NetworkMode: 'host' }],
    [['network'], { NetworkMode: 'bridge' }],
  ])('%j, where the engine says %j', (names, host) => {
    expect(missing({ host })).toEqual(names);
  });

  test.each<[string[], Case]>([
    [['seccomp'], { engine: { SecurityOptions: null } }],
    [['seccomp'], { engine: { SecurityOptions: ['name=apparmor'] } }],
    [['seccomp'], { engine: { SecurityOptions: ['name=seccomp,profile=unconfined'] } }],
    [['pids-limit', 'seccomp'], { spec: { runtime: 'runsc' }, host: { Runtime: 'runsc' } }],
    [
      ['pids-limit', 'seccomp'],
      { engine: { DefaultRuntime: 'runsc' }, host: { Runtime: undefined } },
    ],
    [['pids-limit'], { spec: { runtime: 'runsc-seccomp' }, host: { Runtime: 'runsc-seccomp' } }],
    [
      ['security-opt apparmor=x', 'security-opt label=disable'],
      { host: { SecurityOpt: ['no-new-privileges', 'apparmor=x', 'label=disable'] } },
    ],
    [['root-size'], { spec: { writableRoot: true }, host: { ReadonlyRootfs: false } }],
    [['workspace-mode'], { spec: { workspaceMode: 'ro' } }],
    [['workspace-mode'], { spec: { workspaceMode: 'ro' }, mounts: null }],
    [
      ['read-only /data'],
      {
        spec: { mounts: [{ type: 'bind', source: '/s', target: '/data', readOnly: true }] },
        mounts: [{ Destination: '/data', RW: true }],
      },
    ],
    [['network'], { spec: { network: 'egress' }, host: { NetworkMode: 'host' } }],
    [['network'], { spec: { network: 'egress' }, host: { NetworkMode: 'container:x' } }],
    [['cap-add NET_RAW'], { spec: { capAdd: ['NET_RAW'] }, host: { CapAdd: ['NET_RAW'] } }],
    [['cap-add NET_RAW'], { spec: { capAdd: ['NET_RAW'] }, user: '0:0' }],
  ])('%j, in %j', (names, one) => {
    expect(missing(one)).toEqual(names);
  });

  test('An engine that says nothing enforces nothing', () => {
    const silent = Object.fromEntries(Object.keys(obedient).map((name) => [name, undefined]));
    expect(missing({ host: silent, engine: { SecurityOptions: undefined } })).toEqual([
      ...['memory', 'memory-swap', 'cpus', 'pids-limit', 'core-dumps', 'log-driver'],
      ...['no-new-privileges', 'capabilities', 'seccomp', 'privileged', 'init', 'read-only-root'],
      ...['masked-paths', 'read-only-paths', 'shm-size', 'tmpfs-size', 'ipc-namespace'],
      ...['pid-namespace', 'uts-namespace', 'user-namespace', 'network'],
    ]);
  });
});

describe('what was loosened', () => {
  test.each<[string[], Case]>([
    [[], {}],
    [[], { user: '0:0' }],
    [['user root'], { user: '0:0', spec: { user: '0:0' } }],
    [['user root'], { user: 'root', spec: { user: 'root' } }],
    [[], { user: '1000', spec: { user: '1000' } }],
    [[], { user: '0:0', spec: { user: '0' }, engine: { SecurityOptions: ['name=rootless'] } }],
    [['cap-add NET_RAW'], { user: '0:0', host: { CapAdd: ['CAP_NET_RAW'] } }],
    [[], { user: '1000:1000', host: { CapAdd: ['NET_RAW'] } }],
    [['cap-add NET_RAW'], { user: 'nobody', host: { CapAdd: ['NET_RAW'] } }],
    [
      ['cap-add NET_RAW'],
      { user: '1000:1000', spec: { capAdd: ['NET_RAW'] }, product: 'Podman Engine' },
    ],
    [['writable-root'], { spec: { writableRoot: true }, host: { ReadonlyRootfs: false } }],
    // Asked for and not had; and had without being asked for, which is not the caller's doing.
    [[], { spec: { writableRoot: true } }],
    [[], { host: { ReadonlyRootfs: false } }],
    [
      ['security-opt seccomp=unconfined', 'security-opt label=disable'],
      {
        host: { SecurityOpt: ['no-new-privileges', 'seccomp=unconfined', 'label=disable'] },
        engine: { SecurityOptions: ['name=seccomp,profile=default', 'name=selinux'] },
      },
    ],
    [[], { host: { SecurityOpt: ['no-new-privileges', 'apparmor=x', 'label=disable'] } }],
    // Nobody asked for it: it is ours.
    [[], { product: 'Podman Engine', host: { SecurityOpt: ['seccomp=/run/0.json'] } }],
    [
      ['security-opt seccomp=/p.json'],
      {
        spec: { securityOpt: ['seccomp=/p.json'] },
        host: { SecurityOpt: ['no-new-privileges', 'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'] },
      },
    ],
  ])('%j, in %j', (names, one) => {
    expect(loosened(inspection(one))).toEqual(names);
  });
});
