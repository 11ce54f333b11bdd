import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cpuQuotaUs } from '../../src/engine/simulation/cgroup.ts';
import { ownCgroups } from '../../src/engine/simulation/cgroup-mounts.ts';
import { readUnifiedLimits } from '../../src/engine/simulation/cgroup-v2.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const unifiedMount =
  '35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate';

test('version 2: our own place below the mount', () => {
  const { unified, legacy } = ownCgroups(
    unifiedMount,
    '0::/user.slice/user-1000.slice/user@1000.service/app.slice/run.scope\n',
  );
  expect(unified).toEqual({
    mount: '/sys/fs/cgroup',
    path: '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/run.scope',
  });
  expect(legacy).toEqual({});
});

test('version 1: each controller in its hierarchy, some of them together', () => {
  const mountinfo = [
    '40 30 0:35 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
    '41 30 0:36 / /sys/fs/cgroup/memory rw shared:4 master:1 - cgroup cgroup rw,memory',
    '42 30 0:37 / /sys/fs/cgroup/a\\040b rw - cgroup cgroup rw,pids',
  ].join('\n');
  const membership = '9:pids:/\n4:memory:/me/too\n2:cpu,cpuacct:/x\n1:name=systemd:/\n0::/\n';
  expect(ownCgroups(mountinfo, membership)).toEqual({
    unified: null,
    legacy: {
      pids: '/sys/fs/cgroup/a b',
      memory: '/sys/fs/cgroup/memory/me/too',
      cpu: '/sys/fs/cgroup/cpu,cpuacct/x',
    },
  });
});

test('in a container the mount begins where the container does', () => {
  const mountinfo = '41 30 0:36 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory';
  expect(ownCgroups(mountinfo, '4:memory:/docker/abc\n').legacy.memory).toBe(
    '/sys/fs/cgroup/memory',
  );
  expect(ownCgroups(mountinfo, '4:memory:/docker/abc/in\n').legacy.memory).toBe(
    '/sys/fs/cgroup/memory/in',
  );
});

test('without cgroups there is nothing', () => {
  expect(ownCgroups('', '')).toEqual({ unified: null, legacy: {} });
});

test('a limit is what the kernel says, and what it does not say is null', async () => {
  const directory = await temporaryDirectory();
  const write = (name: string, text: string) => writeFile(join(directory, name), text);
  await mkdir(directory, { recursive: true });
  expect(readUnifiedLimits(directory)).toEqual({
    ...{ memoryBytes: null, memorySwapBytes: null, cpus: null, pidsLimit: null },
  });
  await write('memory.max', 'max\n');
  await write('memory.swap.max', '0\n');
  await write('cpu.max', 'max 100000\n');
  await write('pids.max', '33\n');
  expect(readUnifiedLimits(directory)).toEqual({
    ...{ memoryBytes: null, memorySwapBytes: null, cpus: null, pidsLimit: 33 },
  });
  await write('memory.max', '67108864\n');
  await write('cpu.max', '50000 100000\n');
  expect(readUnifiedLimits(directory)).toEqual({
    ...{ memoryBytes: 67_108_864, memorySwapBytes: 67_108_864, cpus: 0.5, pidsLimit: 33 },
  });
});

test('CPU time is asked for in whole microseconds, and never in less than the kernel takes', () => {
  expect([0.5, 1.5, 1 / 3, 0.001].map(cpuQuotaUs)).toEqual([50_000, 150_000, 33_333, 1_000]);
});
