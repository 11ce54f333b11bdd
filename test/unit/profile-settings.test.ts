import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resolveBuild } from '../../src/spec/resolve-build.ts';
import { failureOf, problemsOf } from './support/failure.ts';
import { Surroundings, layerOf } from './support/surroundings.ts';

const mine = { flags: layerOf({ profile: 'mine' }) };
const mebibyte = 1024 ** 2;

describe('precedence', () => {
  interface Row {
    readonly memory: string;
    readonly user?: string;
    readonly project?: string;
    readonly env?: string;
    readonly flag?: string;
    readonly mebibytes: number;
  }

  test.each<Row>([
    { memory: '1g', mebibytes: 1024 },
    { memory: '1g', user: '2g', mebibytes: 2048 },
    { memory: '1g', project: '900m', mebibytes: 900 },
    { memory: '1g', user: '2g', project: '1500m', mebibytes: 1500 },
    { memory: '1g', user: '2g', project: '1500m', env: '3g', mebibytes: 3072 },
    { memory: '1g', user: '2g', project: '1500m', env: '3g', flag: '4g', mebibytes: 4096 },
  ])('$memory in a profile gives way to what stands above: %j', async (row) => {
    const around = await Surroundings.create();
    await around.writeProfile('user', { name: 'mine', resources: { memory: row.memory } });
    if (row.user) await around.writeUserConfig({ memory: row.user });
    if (row.project) await around.writeProjectConfig({ memory: row.project });
    const flags = layerOf({ profile: 'mine', ...(row.flag ? { memory: row.flag } : {}) });
    const env = row.env ? { SANDBOX_MEMORY: row.env } : {};
    const { limits } = await around.resolve({ flags }, { env });
    expect(limits.memoryBytes).toBe(row.mebibytes * mebibyte);
  });

  test('Every key of a profile reaches the task', async () => {
    const around = await Surroundings.create();
    await around.writeProfile('user', {
      name: 'mine',
      image: 'debian:12',
      environment: { A: '1' },
      resources: { cpus: 2, memory: '1g', pids: 500, timeout: '5m' },
      network: 'egress',
      workdir: 'sub',
      shell: '/bin/dash',
    });
    const spec = await around.resolve({ ...mine, command: [], line: 'x' });
    expect(spec).toMatchObject({
      image: 'debian:12',
      profile: 'mine',
      recipe: null,
      environment: { A: '1' },
      limits: { cpus: 2, memoryBytes: 1024 * mebibyte, pidsLimit: 500, timeoutMs: 300_000 },
      network: 'egress',
      workdir: '/workspace/sub',
      command: ['/bin/dash', '-c', 'x'],
    });
  });

  test('Variables of a profile give way to those of a config file and of flags', async () => {
    const around = await Surroundings.create();
    await around.writeProfile('user', { name: 'mine', environment: { A: 'p', B: 'p', C: 'p' } });
    await around.writeUserConfig({ env: { B: 'config', C: 'config' } });
    const { environment } = await around.resolve({ ...mine, environment: ['C=flag'] });
    expect(environment).toEqual({ A: 'p', B: 'config', C: 'flag' });
  });
});

describe('what a project has a part in', () => {
  const widening = [
    [{ resources: { memory: '513m' } }, 'resources.memory'],
    [{ resources: { cpus: 1.5 } }, 'resources.cpus'],
    [{ resources: { pids: 257 } }, 'resources.pids'],
    [{ resources: { timeout: '121s' } }, 'resources.timeout'],
    [{ resources: { timeout: 0 } }, 'resources.timeout'],
    [{ network: 'egress' }, 'network'],
    [{ network: 'my-net' }, 'network'],
  ] as const;

  test.each(widening)("cannot widen: its own profile's %j", async (content, key) => {
    const around = await Surroundings.create();
    const path = await around.writeProfile('project', { name: 'mine', ...content });
    const [problem, ...others] = await problemsOf(() => around.resolve(mine));
    expect(problem).toContain(`${path}: ${key}: a project may only narrow this`);
    expect(others).toEqual([]);
  });

  test.each(widening)('cannot widen by naming a profile of the user: %j', async (content, key) => {
    const around = await Surroundings.create();
    await around.writeProfile('user', { name: 'mine', ...content });
    await around.writeProjectConfig({ profile: 'mine' });
    const [problem] = await problemsOf(() => around.resolve());
    expect(problem).toContain(`${key}: a project may only narrow this`);
  });

  test.each(widening)('The user may, whatever the project names: %j', async (content) => {
    const around = await Surroundings.create();
    await around.writeProfile('user', { name: 'mine', ...content });
    await around.writeProjectConfig({ profile: 'base' });
    expect((await around.resolve(mine)).profile).toBe('mine');
    const env = { SANDBOX_PROFILE: 'mine' };
    expect((await around.resolve({}, { env })).profile).toBe('mine');
  });

  test('cannot widen by way of a profile of the user that extends one of its own', async () => {
    const around = await Surroundings.create();
    await around.writeProfile('project', { name: 'theirs', resources: { memory: '4g' } });
    await around.writeProfile('user', { name: 'mine', extends: 'theirs' });
    expect(await problemsOf(() => around.resolve(mine))).toHaveLength(1);
  });

  test('may narrow, and a flag still decides', async () => {
    const around = await Surroundings.create();
    const resources = { memory: '100m', cpus: 0.5, pids: 10, timeout: '30s' };
    await around.writeProfile('project', { name: 'mine', resources, network: 'none' });
    const spec = await around.resolve(mine);
    expect(spec).toMatchObject({ network: 'none', limits: { pidsLimit: 10, cpus: 0.5 } });
    const flags = layerOf({ profile: 'mine', memory: '2g', network: 'egress' });
    const wider = await around.resolve({ flags });
    expect(wider).toMatchObject({ network: 'egress', limits: { memoryBytes: 2048 * mebibyte } });
  });

  test('may use what a built-in profile gives, and no more', async () => {
    const around = await Surroundings.create();
    await around.writeProjectConfig({ profile: 'builder' });
    const builder = (await around.resolve()).limits;
    expect(builder.memoryBytes).toBeGreaterThan(512 * mebibyte);
    await around.writeProfile('project', { name: 'mine', extends: 'builder' });
    expect((await around.resolve(mine)).limits).toEqual(builder);
    await around.writeProfile('project', {
      name: 'mine',
      extends: 'builder',
      resources: { memory: '99g' },
    });
    expect(await problemsOf(() => around.resolve(mine))).toHaveLength(1);
  });

  test("gives way to the user's own config, as every profile does", async () => {
    const around = await Surroundings.create();
    await around.writeProfile('project', { name: 'mine', resources: { memory: '4g', pids: 10 } });
    await around.writeUserConfig({ memory: '1g' });
    expect((await around.resolve(mine)).limits).toMatchObject({
      memoryBytes: 1024 * mebibyte,
      pidsLimit: 10,
    });
  });

  test('is built by a run only where the caller named it', async () => {
    const around = await Surroundings.create();
    await around.writeProfile('project', { name: 'mine', extends: 'builder' });
    expect((await around.resolve(mine)).mayBuild).toBe(true);
    await around.writeProjectConfig({ profile: 'mine' });
    expect((await around.resolve()).mayBuild).toBe(false);
    await around.writeProjectConfig({ profile: 'builder' });
    expect((await around.resolve()).mayBuild).toBe(true);
  });

  test('gets no privileges by extending docker-host', async () => {
    const around = await Surroundings.create();
    await around.writeProfile('project', { name: 'mine', extends: 'docker-host' });
    const problems = await problemsOf(() => around.resolve({ ...mine, allowNestedDocker: true }));
    expect(problems).toEqual(["--profile: a project's profile may not extend docker-host"]);
  });
});

describe('docker-host', () => {
  const flags = layerOf({ profile: 'docker-host' });

  test('is refused unless it is asked for by a flag', async () => {
    const around = await Surroundings.create();
    const [problem] = await problemsOf(() => around.resolve({ flags }));
    expect(problem).toContain('add --allow-nested-docker');
    expect((await around.resolve({ flags, allowNestedDocker: true })).nestedDocker).toBe(true);
  });

  test('is what the flag is for', async () => {
    const around = await Surroundings.create();
    const [problem] = await problemsOf(() => around.resolve({ allowNestedDocker: true }));
    expect(problem).toContain('--allow-nested-docker: expected --profile docker-host with it');
  });
});

describe('--image and --profile', () => {
  test('Together the image is used as it is, with the rest of the profile', async () => {
    const around = await Surroundings.create();
    await around.writeProfile('user', {
      name: 'mine',
      base: 'debian',
      environment: { A: '1' },
      resources: { pids: 10 },
      shell: '/bin/bash',
    });
    const flags = layerOf({ profile: 'mine', image: 'alpine' });
    const spec = await around.resolve({ flags, command: [], line: 'x' });
    expect(spec).toMatchObject({
      image: 'alpine',
      recipe: null,
      profile: 'mine',
      environment: { A: '1' },
      limits: { pidsLimit: 10 },
      command: ['/bin/sh', '-c', 'x'],
    });
  });

  test.each([
    ['a profile of a flag wins over an image of a variable', { profile: 'mine' }, 'debian:12'],
    ['an image of a flag wins over a profile of a variable', { image: 'alpine' }, 'alpine'],
  ])('%s', async (_, texts, image) => {
    const around = await Surroundings.create();
    await around.writeProfile('user', { name: 'mine', image: 'debian:12' });
    const env = { SANDBOX_IMAGE: 'other', SANDBOX_PROFILE: 'mine' };
    expect((await around.resolve({ flags: layerOf(texts) }, { env })).image).toBe(image);
  });
});

describe('--build-arg', () => {
  test('is for the build only, and leaves the recipe as it is', async () => {
    const around = await Surroundings.create();
    await around.writeUserConfig({ buildArgs: { A: 'config', B: 'config' } });
    const env = { C: 'own' };
    const buildArgs = ['BASE=mirror.example/debian:12', 'B=flag', 'C'];
    const spec = await around.resolve({ buildArgs }, { env });
    expect(spec.recipe).toEqual((await around.resolve()).recipe);
    const BASE = 'mirror.example/debian:12';
    expect(spec.buildArgs).toEqual({ A: 'config', B: 'flag', C: 'own', BASE });
  });

  test.each([
    ['BASE=a b', 'expected an image such as debian:bookworm-slim, got "a b"'],
    ['BASE=a\nRUN x', 'expected one line of text'],
    ['BASE=', 'expected an image such as'],
    ['1=x', 'expected NAME=VALUE or NAME, got "1=x"'],
    ['UNSET', 'expected NAME=VALUE, or a variable that is set, got "UNSET"'],
  ])('%j is refused', async (text, expected) => {
    const around = await Surroundings.create();
    const [problem] = await problemsOf(() => around.resolve({ buildArgs: [text] }));
    expect(problem).toContain(`--build-arg: ${expected}`);
  });

  test("is not a project's to set", async () => {
    const around = await Surroundings.create();
    await around.writeProjectConfig({ buildArgs: { BASE: 'evil' } });
    const [problem] = await problemsOf(() => around.resolve());
    expect(problem).toContain('buildArgs: a project may not set this');
  });
});

describe('a spec for building', () => {
  const build = (around: Surroundings, cwd: string, profile = 'base') =>
    resolveBuild(
      { flags: layerOf({ profile }), buildArgs: [], problems: [], hint: 'See: it' },
      { caller: { ...around.caller(), cwd }, ambient: true },
    );

  test('needs neither a workspace that can be used nor leave for privileges', async () => {
    const around = await Surroundings.create();
    expect((await build(around, '/')).recipe).not.toBeNull();
    expect((await build(around, around.home, 'docker-host')).nestedDocker).toBe(false);
  });

  test('finds the profiles of the project that the caller stands in', async () => {
    const around = await Surroundings.create();
    await around.writeProfile('project', { name: 'mine', base: 'x' });
    expect((await build(around, around.workspace, 'mine')).recipe?.base).toBe('x');
    await expect(build(around, around.home, 'mine')).rejects.toThrow('1 problem');
  });
});

test('A library call knows the built-in profiles only', async () => {
  const around = await Surroundings.create();
  await around.writeProfile('user', { name: 'mine' });
  const [problem] = await problemsOf(() => around.resolve(mine, { ambient: false }));
  expect(problem).toContain('--profile: expected one of base,');
});

test('An empty name is one problem', async () => {
  const around = await Surroundings.create();
  const flags = layerOf({ profile: '' });
  expect(await problemsOf(() => around.resolve({ flags }))).toEqual([
    '--profile: expected the name of a profile, got ""',
  ]);
});

test('A profile that is no good stops everything', async () => {
  const around = await Surroundings.create();
  const path = await around.writeProfile('project', { name: 'mine' });
  await writeFile(path, '{');
  const failure = await failureOf(() => around.resolve(mine));
  expect(failure.code).toBe('profile-unreadable');
  expect(failure.message).toContain(join('.sandbox', 'profiles', 'mine.json'));
});
