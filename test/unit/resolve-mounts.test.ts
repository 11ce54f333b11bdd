import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { problemsOf } from './support/failure.ts';
import { Surroundings } from './support/surroundings.ts';

test('A bind mount carries the real path of its source, a volume its name', async () => {
  const around = await Surroundings.create();
  await mkdir(join(around.root, 'data'));
  await symlink('../data', join(around.workspace, 'link'));
  const { mounts } = await around.resolve({ volumes: ['./link:/data', 'cache:/cache:rw'] });
  expect(mounts).toEqual([
    { type: 'bind', source: join(around.root, 'data'), target: '/data', readOnly: true },
    { type: 'volume', source: 'cache', target: '/cache', readOnly: false },
  ]);
});

test.each([
  ['over the workspace', { volumes: ['data:/workspace'] }, '/workspace: something else'],
  ['over the workspace with a slash', { tmpfs: ['/workspace/'] }, '/workspace: something else'],
  ['twice in one place', { volumes: ['one:/x', 'two:/x'] }, '/x: something else'],
  ['as a tmpfs over a mount', { volumes: ['data:/x'], tmpfs: ['/x/'] }, '/x: something else'],
  ['over /proc', { mounts: ['source=data,target=/proc'] }, '/proc: nothing can be mounted'],
  ['below /sys', { tmpfs: ['/sys/fs/cgroup'] }, '/sys/fs/cgroup: nothing can be mounted'],
  ['below /dev', { tmpfs: ['/dev/shm'] }, '/dev/shm: nothing can be mounted'],
  ['of the whole host', { volumes: ['/:/host'] }, '--volume: expected a path that may be shown'],
  ['of the kernel’s paths', { volumes: ['/proc/sys:/x:rw'] }, '--volume: /proc/sys is the kernel'],
  ['of a missing path', { volumes: ['./no:/x'] }, '--volume: expected a path that exists'],
  ['of a missing path by --mount', { mounts: ['type=bind,src=/no,dst=/x'] }, '--mount: expected a'],
  ['without a target', { volumes: ['/tmp'] }, '--volume: expected SOURCE:TARGET'],
  ['of a size that is none', { tmpfs: ['/x:size=12x'] }, '--tmpfs: expected a size'],
])('A mount %s is a problem', async (_, request, expected) => {
  const around = await Surroundings.create();
  const problems = await problemsOf(() => around.resolve(request));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(expected);
});

test.each([
  ['mounts', ['type=volume'], 'expected type=bind|volume'],
  ['mounts', ['type=bind,source=/no,target=/x'], 'expected a path that exists, got "/no"'],
  ['tmpfs', ['/x:size=12x'], 'expected a size'],
  ['labels', { '': 'x' }, 'expected NAME=VALUE, got an empty name'],
  ['labels', { 'sandbox-run.task': 'x' }, 'names that start with sandbox-run. are reserved'],
])('What a config file has in %s (%j) is told as of there', async (key, value, expected) => {
  const around = await Surroundings.create();
  await around.writeUserConfig({ [key]: value });
  const problems = await problemsOf(() => around.resolve());
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(`/.config/sandbox/sandbox.config.json: ${key}: ${expected}`);
});

test('A mount inside of the workspace is none', async () => {
  const around = await Surroundings.create();
  const { tmpfs } = await around.resolve({ tmpfs: ['/workspace/node_modules'] });
  expect(tmpfs).toEqual([{ target: '/workspace/node_modules', sizeBytes: null }]);
});
