import { describe, expect, test } from 'vitest';
import { containerOptions } from '../../src/engine/docker/container-options.ts';
import { tmpfsOf } from '../../src/engine/docker/mounts.ts';
import type { TaskSpec } from '../../src/spec/task-spec.ts';
import { taskLimits, taskSpec } from './support/task-spec.ts';

const placement = {
  user: '1000:1000',
  scratchOwner: null,
  networkMode: 'none',
  networkSysctls: {},
  securityOptions: ['no-new-privileges'],
  secrets: [],
  imageEntrypoint: ['/entrypoint', '--flag'],
  identity: { name: null, mounts: [] },
  labels: { 'sandbox-run.tool': 'sandbox-run' },
};
const optionsOf = (changes: Partial<TaskSpec> = {}) =>
  containerOptions(taskSpec(changes), placement);

const megabytes256 = 'rw,exec,nosuid,nodev,mode=1777,size=268435456';

test('A task without any wish is asked for with every protection', () => {
  expect(optionsOf()).toEqual({
    name: 'sandbox-task-1',
    Image: 'debian:bookworm-slim',
    Hostname: 'sandbox',
    User: '1000:1000',
    WorkingDir: '/workspace',
    Env: ['HOME=/home/sandbox'],
    Labels: { 'sandbox-run.tool': 'sandbox-run' },
    Entrypoint: ['make'],
    Cmd: ['check'],
    Healthcheck: { Test: ['NONE'] },
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: false,
    StdinOnce: false,
    Tty: false,
    HostConfig: {
      AutoRemove: true,
      Init: true,
      NetworkMode: 'none',
      Memory: 536_870_912,
      MemorySwap: 536_870_912,
      NanoCpus: 1_000_000_000,
      PidsLimit: 256,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      IpcMode: 'private',
      ShmSize: 268_435_456,
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      LogConfig: { Type: 'none', Config: {} },
      Mounts: [{ Type: 'bind', Source: '/srv/app', Target: '/workspace', ReadOnly: false }],
      Tmpfs: { '/tmp': megabytes256, '/home/sandbox': megabytes256 },
      Dns: ['127.0.0.1'],
      DnsSearch: ['.'],
      ExtraHosts: ['sandbox:127.0.0.1'],
    },
  });
});

test("With --keep-entrypoint the whole command goes to the image's own", () => {
  const { Entrypoint, Cmd } = optionsOf({ keepEntrypoint: true });
  expect({ Entrypoint, Cmd }).toEqual({
    Entrypoint: ['/entrypoint', '--flag'],
    Cmd: ['make', 'check'],
  });
});

test('A command of one word has no arguments', () => {
  const { Entrypoint, Cmd } = optionsOf({ command: ['true'] });
  expect({ Entrypoint, Cmd }).toEqual({ Entrypoint: ['true'], Cmd: [] });
});

test('Standard input is open only where it was asked for, and closes with its sender', () => {
  const open = { AttachStdin: true, OpenStdin: true, StdinOnce: true };
  expect(optionsOf({ stdin: true })).toMatchObject(open);
});

test.each(['isolated', 'none'])('A task in "%s" has no name server but knows itself', (network) => {
  const options = optionsOf({ network });
  expect(options.HostConfig).toMatchObject({
    Dns: ['127.0.0.1'],
    ExtraHosts: ['sandbox:127.0.0.1'],
  });
  expect(options).not.toHaveProperty('NetworkingConfig');
});

test.each(['egress', 'my-net'])('The network "%s" is named by its id alone', (network) => {
  const options = containerOptions(taskSpec({ network }), { ...placement, networkMode: 'id-1' });
  expect(options.HostConfig).toMatchObject({ NetworkMode: 'id-1' });
  expect(options.HostConfig).not.toHaveProperty('Dns');
  expect(options.HostConfig).not.toHaveProperty('Sysctls');
  expect(options.NetworkingConfig).toEqual({ EndpointsConfig: { 'id-1': { NetworkID: 'id-1' } } });
});

test('What a network needs besides is asked for', () => {
  const networkSysctls = { 'net.ipv6.conf.all.disable_ipv6': '1' };
  const options = containerOptions(taskSpec({ network: 'egress' }), {
    ...placement,
    networkSysctls,
  });
  expect(options.HostConfig?.Sysctls).toEqual(networkSysctls);
});

test.each<[string, Partial<TaskSpec>, object]>([
  ['--cap-add', { capAdd: ['NET_RAW'] }, { CapDrop: ['ALL'], CapAdd: ['NET_RAW'] }],
  ['--runtime', { runtime: 'runsc' }, { Runtime: 'runsc' }],
  ['--writable-root', { writableRoot: true }, { ReadonlyRootfs: false }],
  [
    '--workspace-mode ro',
    { workspaceMode: 'ro' },
    { Mounts: [{ Type: 'bind', Source: '/srv/app', Target: '/workspace', ReadOnly: true }] },
  ],
  [
    '--workspace-mode copy',
    { workspaceMode: 'copy' },
    { Mounts: [{ Type: 'bind', Source: '/srv/app', Target: '/workspace', ReadOnly: false }] },
  ],
])('%s changes just what it says', (_, changes, expected) => {
  const changed = optionsOf(changes).HostConfig ?? {};
  expect(changed).toEqual({ ...optionsOf().HostConfig, ...expected });
});

test('Security options are passed on as they were resolved', () => {
  const securityOptions = ['no-new-privileges', 'seccomp={}'];
  const options = containerOptions(taskSpec(), { ...placement, securityOptions });
  expect(options.HostConfig?.SecurityOpt).toEqual(securityOptions);
});

test('A secret is one read-only file, and its value is nowhere in what the engine is told', () => {
  const secrets = [{ name: 'KEY', path: '/dev/shm/x/KEY' }];
  const { HostConfig } = containerOptions(taskSpec(), { ...placement, secrets });
  expect(HostConfig?.Mounts?.slice(1)).toEqual([
    { Type: 'bind', Source: '/dev/shm/x/KEY', Target: '/run/secrets/KEY', ReadOnly: true },
  ]);
});

test.each([
  [0.5, 500_000_000],
  [0.01, 10_000_000],
  [0.1 + 0.2, 300_000_000],
])('%d CPUs are %i billionths', (cpus, nanoCpus) => {
  expect(optionsOf({ limits: taskLimits({ cpus }) }).HostConfig?.NanoCpus).toBe(nanoCpus);
});

test('Mounts keep any source as it is, and come after the workspace', () => {
  const mounts: TaskSpec['mounts'] = [
    { type: 'bind', source: '/a:b,c "d"', target: '/x', readOnly: true },
    { type: 'volume', source: 'data', target: '/y', readOnly: false },
  ];
  expect(optionsOf({ mounts }).HostConfig?.Mounts?.slice(1)).toEqual([
    { Type: 'bind', Source: '/a:b,c "d"', Target: '/x', ReadOnly: true },
    { Type: 'volume', Source: 'data', Target: '/y', ReadOnly: false },
  ]);
});

test("A HOME of the task's own takes the place of ours", () => {
  expect(optionsOf({ environment: { A: 'b=c', HOME: '/root' } }).Env).toEqual([
    'A=b=c',
    'HOME=/root',
  ]);
});

// A project's own settings may name any of these.
const notOfATask = [
  '/etc',
  '/sys',
  '/usr/bin',
  '/proc',
  '/dev',
  '/bin',
  '/x/../etc',
  'etc',
  '/run/secrets',
];

describe('file systems in memory', () => {
  const targets = (changes: Partial<TaskSpec>) =>
    tmpfsOf(taskSpec(changes)).map(({ target }) => target);
  const mountAt = (target: string): Partial<TaskSpec> => ({
    mounts: [{ type: 'volume', source: 'data', target, readOnly: false }],
  });

  test.each<[string, Partial<TaskSpec>, string[]]>([
    ['/tmp and home', {}, ['/tmp', '/home/sandbox']],
    ["/tmp and the task's own home", { environment: { HOME: '/root' } }, ['/tmp', '/root']],
    [
      '/tmp alone where home is in the workspace',
      { environment: { HOME: '/workspace/h' } },
      ['/tmp'],
    ],
    ['/tmp alone where home is the root', { environment: { HOME: '/' } }, ['/tmp']],
    ['/tmp alone where home is nothing', { environment: { HOME: '' } }, ['/tmp']],
    ...notOfATask.map((HOME): [string, Partial<TaskSpec>, string[]] => [
      `/tmp alone where home is ${HOME}`,
      { environment: { HOME } },
      ['/tmp'],
    ]),
    [
      '/tmp and a home that is only named alike',
      { environment: { HOME: '/etcetera' } },
      ['/tmp', '/etcetera'],
    ],
    ['/tmp once where it is home as well', { environment: { HOME: '/tmp' } }, ['/tmp']],
    ['home alone where /tmp is a mount', mountAt('/tmp'), ['/home/sandbox']],
    ['/tmp alone where home is a mount', mountAt('/home/sandbox'), ['/tmp']],
    ['/tmp alone where home is inside of a mount', mountAt('/home'), ['/tmp']],
    ['both where a mount is inside of them', mountAt('/tmp/x'), ['/tmp', '/home/sandbox']],
    [
      'what was asked for as well',
      { tmpfs: [{ target: '/scratch', sizeBytes: null }] },
      ['/tmp', '/home/sandbox', '/scratch'],
    ],
  ])('They are %s', (_, changes, expected) => {
    expect(targets(changes)).toEqual(expected);
  });

  test.each([
    ['half of the memory', null, 268_435_456],
    ['what was asked for', 4096, 4096],
    ['nothing, if that was asked for', 0, 0],
  ])('Their size is %s', (_, sizeBytes, expected) => {
    const [tmp] = tmpfsOf(taskSpec({ tmpfs: [{ target: '/tmp', sizeBytes }] }));
    expect(tmp).toEqual({
      target: '/tmp',
      options: `rw,exec,nosuid,nodev,mode=1777,size=${expected}`,
    });
  });
});
