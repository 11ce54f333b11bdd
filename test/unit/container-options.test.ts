import { describe, expect, test } from 'vitest';
import { containerOptions, tmpfsOf } from '../../src/engine/docker/container-options.ts';
import type { TaskSpec } from '../../src/spec/task-spec.ts';
import { taskLimits, taskSpec } from './support/task-spec.ts';

const placement = {
  user: '1000:1000',
  networkMode: 'network-id',
  imageEntrypoint: ['/entrypoint', '--flag'],
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
    HostConfig: {
      AutoRemove: true,
      Init: true,
      NetworkMode: 'network-id',
      Memory: 536_870_912,
      MemorySwap: 536_870_912,
      NanoCpus: 1_000_000_000,
      PidsLimit: 256,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      IpcMode: 'private',
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      LogConfig: { Type: 'none', Config: {} },
      Mounts: [{ Type: 'bind', Source: '/srv/app', Target: '/workspace', ReadOnly: false }],
      Tmpfs: { '/tmp': megabytes256, '/home/sandbox': megabytes256 },
      Dns: ['127.0.0.1'],
      DnsSearch: ['.'],
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

test.each(['egress', 'none', 'my-net'])(
  'Only an isolated task has no name server: %s',
  (network) => {
    expect(optionsOf({ network }).HostConfig).not.toHaveProperty('Dns');
  },
);

test.each([
  [0.5, 500_000_000],
  [0.01, 10_000_000],
  [0.1 + 0.2, 300_000_000],
])('%d CPUs are %i billionths', (cpus, nanoCpus) => {
  expect(optionsOf({ limits: taskLimits({ cpus }) }).HostConfig?.NanoCpus).toBe(nanoCpus);
});

test('A writable root is writable', () => {
  expect(optionsOf({ writableRoot: true }).HostConfig?.ReadonlyRootfs).toBe(false);
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
