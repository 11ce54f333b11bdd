import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { taskIdPattern } from '../../src/spec/task-id.ts';
import { taskSpecSchema } from '../../src/spec/task-spec.ts';
import { failureOf, problemsOf } from './support/failure.ts';
import { Surroundings, layerOf } from './support/surroundings.ts';

test('Without any wish a task has the defaults, and is one by the schema', async () => {
  const around = await Surroundings.create();
  const spec = await around.resolve({ command: ['npm', 'test'] });
  expect(v.parse(taskSpecSchema, spec)).toEqual(spec);
  expect(spec).toMatchObject({
    command: ['npm', 'test'],
    image: 'sandbox-base',
    profile: 'base',
    recipe: { base: 'debian:bookworm-slim' },
    buildArgs: {},
    platform: null,
    workdir: '/workspace',
    nestedDocker: false,
    workspace: around.workspace,
    network: 'isolated',
    user: null,
    engine: 'auto',
    isolation: 'none',
    writableRoot: false,
    outputLimitBytes: 1024 ** 2,
    limits: {
      memoryBytes: 512 * 1024 ** 2,
      cpus: 1,
      pidsLimit: 256,
      timeoutMs: 120_000,
      killAfterMs: 5_000,
    },
  });
  expect(spec.id).toMatch(taskIdPattern);
});

test('A resolved task cannot be changed', async () => {
  const around = await Surroundings.create();
  const spec = await around.resolve({ command: ['true'], environment: ['A=1'] });
  for (const part of [spec, spec.limits, spec.environment, spec.labels]) {
    expect(() => Object.assign(part, { id: 'x' })).toThrow(TypeError);
  }
  for (const list of [spec.command, spec.mounts, spec.tmpfs]) {
    expect(() => Object.assign(list, ['x'])).toThrow(TypeError);
  }
});

test('Every problem is reported at once, those that were found before first', async () => {
  const around = await Surroundings.create();
  await around.writeProjectConfig({ mounts: ['source=data,target=/x'], timeout: 'soon' });
  const request = {
    problems: [{ subject: '--frob', message: 'unknown option' }],
    flags: layerOf({ memory: '12x', profile: 'gpu', id: '-' }),
    command: [],
    environment: ['=1'],
    environmentFiles: ['missing.env'],
    labels: ['=x', 'sandbox-run.task=y'],
    volumes: ['/:/x'],
  };
  const problems = await problemsOf(() => around.resolve(request, { env: { SANDBOX_CPUS: '0' } }));
  const subjects = new Set(problems.map((problem) => problem.split(': ')[0]));
  expect(problems[0]).toBe('--frob: unknown option');
  expect([...subjects].sort()).toEqual(
    ['--env', '--env-file', '--frob', '--id', '--label', '--memory', '--profile', '--volume']
      .concat(['SANDBOX_CPUS', 'command', join(around.workspace, 'sandbox.config.json')])
      .sort(),
  );
});

test('A workspace that cannot be used does not hide the other problems', async () => {
  const around = await Surroundings.create();
  const flags = layerOf({ workspace: '/', memory: '12x' });
  const problems = await problemsOf(() => around.resolve({ flags }));
  expect(problems.map((problem) => problem.split(': ')[0])).toEqual(['--workspace', '--memory']);
});

describe('the command', () => {
  const line = 'make && make check';

  test.each([
    ["the default profile's shell", {}, ['/bin/bash', '-c', line]],
    ["a profile's own shell", { profile: 'builder' }, ['/bin/bash', '-c', line]],
    ["sh in a user's own image", { profile: 'builder', image: 'alpine' }, ['/bin/sh', '-c', line]],
  ])('A shell line is run by %s', async (_, settings, command) => {
    const around = await Surroundings.create();
    const spec = await around.resolve({ line, command: [], flags: layerOf(settings) });
    expect(spec.command).toEqual(command);
  });

  test('Words stay words, whatever is in them', async () => {
    const around = await Surroundings.create();
    const command = ['printf', '%s', '$HOME; rm -rf /', '', "it's", '--flag'];
    expect((await around.resolve({ command })).command).toEqual(command);
  });

  test.each([
    ['both a line and a command', { line, command: ['true'] }, '-c: expected either a shell line'],
    ['neither', { command: [] }, 'command: expected a command to run'],
    ['a program without a name', { command: ['', 'x'] }, 'command: expected the name of a program'],
  ])('With %s nothing is run', async (_, request, expected) => {
    const around = await Surroundings.create();
    const problems = await problemsOf(() => around.resolve(request));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });
});

describe('the environment', () => {
  test('Flags win over files, files over the project, the project over the user', async () => {
    const around = await Surroundings.create();
    await around.writeUserConfig({
      env: { A: 'user', B: 'user', C: 'user', D: 'user', E: 'user' },
    });
    await around.writeProjectConfig({ env: { B: 'project', C: 'project', D: 'project' } });
    await writeFile(join(around.workspace, 'one.env'), 'C=one\nD=one\n');
    await writeFile(join(around.workspace, 'two.env'), 'D=two\n');
    const request = { environmentFiles: ['one.env', 'two.env'], environment: ['E=flag'] };
    const { environment } = await around.resolve(request);
    expect(environment).toEqual({ A: 'user', B: 'project', C: 'one', D: 'two', E: 'flag' });
  });

  test("Nothing of the caller's is passed on unless it is named", async () => {
    const around = await Surroundings.create();
    const env = { SECRET: 'x', WANTED: 'y' };
    const { environment } = await around.resolve({ environment: ['WANTED'] }, { env });
    expect(environment).toEqual({ WANTED: 'y' });
  });
});

describe('labels', () => {
  test('Flags add to the config file, and win over it', async () => {
    const around = await Surroundings.create();
    await around.writeUserConfig({ labels: { team: 'a', kind: 'ci' } });
    const { labels } = await around.resolve({ labels: ['team=b', 'empty', 'eq=a=b'] });
    expect(labels).toEqual({ team: 'b', kind: 'ci', empty: '', eq: 'a=b' });
  });

  test('Our own are reserved, in a flag as in a file', async () => {
    const around = await Surroundings.create();
    await around.writeProjectConfig({ labels: { 'sandbox-run.owner': '{}' } });
    const path = join(around.workspace, 'sandbox.config.json');
    expect(await problemsOf(() => around.resolve({ labels: ['sandbox-run.tool=x'] }))).toEqual([
      `${path}: labels: names that start with sandbox-run. are reserved, got "sandbox-run.owner"`,
      '--label: names that start with sandbox-run. are reserved, got "sandbox-run.tool"',
    ]);
  });
});

describe('config files', () => {
  test("The project's is the one of the workspace, wherever the caller stands", async () => {
    const around = await Surroundings.create();
    await mkdir(join(around.root, 'other'));
    await around.writeProjectConfig({ memory: '100m' });
    const elsewhere = await around.resolve({ flags: layerOf({ workspace: '../other' }) });
    const here = await around.resolve();
    expect(elsewhere.limits.memoryBytes).toBe(512 * 1024 ** 2);
    expect(here.limits.memoryBytes).toBe(100 * 1024 ** 2);
  });

  test.each(['mounts', 'tmpfs'])('A project may not set %s, the user may', async (key) => {
    const around = await Surroundings.create();
    const content = { [key]: [key === 'tmpfs' ? '/scratch' : 'source=data,target=/data'] };
    await around.writeUserConfig(content);
    const spec = await around.resolve();
    expect([...spec.mounts, ...spec.tmpfs]).toHaveLength(1);
    await around.writeProjectConfig({ [key]: ['source=other,target=/other'] });
    const problems = await problemsOf(() => around.resolve());
    const path = join(around.workspace, 'sandbox.config.json');
    expect(problems).toContain(
      `${path}: ${key}: a project may not set this; use a flag or your own config file`,
    );
  });

  test('One that cannot be used stops everything', async () => {
    const around = await Surroundings.create();
    await writeFile(join(around.workspace, 'sandbox.config.json'), '{');
    expect((await failureOf(() => around.resolve())).code).toBe('config-unreadable');
  });

  test('A library call sees neither config files nor variables', async () => {
    const around = await Surroundings.create();
    await around.writeUserConfig({ memory: '1g' });
    await around.writeProjectConfig({ timeout: 'nonsense' });
    const env = { SANDBOX_CPUS: 'nonsense' };
    const spec = await around.resolve({}, { env, ambient: false });
    expect(spec.limits).toMatchObject({
      memoryBytes: 512 * 1024 ** 2,
      cpus: 1,
      timeoutMs: 120_000,
    });
  });
});
