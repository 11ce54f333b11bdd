import { describe, expect, test } from 'vitest';
import { defaultLayer, environmentLayer, resolveLayers } from '../../src/spec/layers.ts';
import { Problems } from '../../src/spec/problems.ts';
import { type SettingName, settingNames, settingOf } from '../../src/spec/settings.ts';
import { problemsOf } from './support/failure.ts';
import { layerOf } from './support/surroundings.ts';

type Texts = Partial<Record<SettingName, string>>;

interface Sources {
  readonly user?: Texts;
  readonly project?: Texts;
  readonly environment?: NodeJS.ProcessEnv;
  readonly flags?: Texts;
}

/** All five sources, each with origins that name it. Throws where there are problems. */
function resolve({ user = {}, project = {}, environment = {}, flags = {} }: Sources) {
  const problems = new Problems();
  const stack = {
    below: [defaultLayer(), layerOf(user, (name) => `user: ${name}`)],
    project: layerOf(project, (name) => `project: ${name}`),
    above: [environmentLayer(environment), layerOf(flags)],
  };
  const resolved = resolveLayers(stack, problems);
  problems.throwIfAny();
  return resolved;
}

describe('precedence', () => {
  const user = { profile: 'user' };
  const project = { profile: 'project' };
  const environment = { SANDBOX_PROFILE: 'environment' };
  const flags = { profile: 'flags' };

  test.each<[string, string, Sources]>([
    ['base', 'default', {}],
    ['user', 'user: profile', { user }],
    ['project', 'project: profile', { user, project }],
    ['environment', 'SANDBOX_PROFILE', { user, project, environment }],
    ['flags', '--profile', { user, project, environment, flags }],
    ['flags', '--profile', { flags }],
    ['environment', 'SANDBOX_PROFILE', { environment }],
  ])('the value comes from "%s" and its origin is "%s"', (value, origin, sources) => {
    const { values, origins } = resolve(sources);
    expect(values.profile).toBe(value);
    expect(origins.profile).toBe(origin);
  });

  test('Without any source every default holds, and what has none is null', () => {
    const { values, origins } = resolve({});
    expect(values).toMatchObject({
      timeout: 120_000,
      memory: 512 * 1024 ** 2,
      network: 'isolated',
    });
    expect(values).toMatchObject({ image: null, user: null, receipt: null, id: null });
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
  });

  test('A value that cannot be read is a problem of its origin, and all are found', async () => {
    const sources = {
      environment: { SANDBOX_TIMEOUT: 'soon' },
      flags: { memory: '12x' },
      user: { cpus: '0' },
    };
    expect(await problemsOf(() => resolve(sources))).toEqual([
      '--memory: expected a size such as 512m or 2g, got "12x"',
      'user: cpus: expected a number of CPUs such as 0.5 or 2 (at least 0.01), got "0"',
      'SANDBOX_TIMEOUT: expected a duration such as 90, 30s, 2m or 1.5h (0 for none), got "soon"',
    ]);
  });
});

describe('environment variables', () => {
  test.each<[string, SettingName]>([
    ['DOCKER_MEMORY_LIMIT', 'memory'],
    ['DOCKER_CPU_LIMIT', 'cpus'],
    ['DOCKER_TIMEOUT_SECONDS', 'timeout'],
    ['DOCKER_NETWORK', 'network'],
  ])('The old name %s still sets %s', (variable, name) => {
    expect(environmentLayer({ [variable]: '7' })).toEqual({
      [name]: { text: '7', origin: variable },
    });
  });

  test('A new name wins over the old one', () => {
    const env = { DOCKER_MEMORY_LIMIT: '1g', SANDBOX_MEMORY: '2g' };
    expect(environmentLayer(env).memory).toEqual({ text: '2g', origin: 'SANDBOX_MEMORY' });
  });

  test.each<[string | undefined, string]>([
    [undefined, 'debian'],
    ['', 'debian'],
    ['12', 'debian:12'],
  ])('The old image name with the tag "%s" is %s', (tag, image) => {
    const env = { DOCKER_IMAGE_NAME: 'debian', DOCKER_IMAGE_TAG: tag };
    expect(environmentLayer(env).image?.text).toBe(image);
  });

  test('The old image name gives way to the new one, and a tag alone says nothing', () => {
    const env = { SANDBOX_IMAGE: 'alpine', DOCKER_IMAGE_NAME: 'debian', DOCKER_IMAGE_TAG: '12' };
    expect(environmentLayer(env).image?.text).toBe('alpine');
    expect(environmentLayer({ DOCKER_IMAGE_TAG: '12' })).toEqual({});
  });

  test('An empty variable is not set', () => {
    const variables = settingNames.flatMap((name) => settingOf(name).environment);
    const env = Object.fromEntries(variables.map((variable) => [variable, '']));
    expect(environmentLayer({ ...env, DOCKER_IMAGE_NAME: '' })).toEqual({});
    expect(environmentLayer({ SANDBOX_MEMORY: '', DOCKER_MEMORY_LIMIT: '1g' }).memory?.text).toBe(
      '1g',
    );
  });
});

describe("a project's file", () => {
  interface Row {
    readonly name: SettingName;
    readonly below: string;
    readonly narrower: string;
    readonly wider: string;
  }
  const rows: Row[] = [
    { name: 'memory', below: '512m', narrower: '100m', wider: '513m' },
    { name: 'cpus', below: '1', narrower: '0.5', wider: '1.5' },
    { name: 'pidsLimit', below: '256', narrower: '10', wider: '257' },
    { name: 'timeout', below: '2m', narrower: '30s', wider: '121s' },
    { name: 'timeout', below: '2m', narrower: '30s', wider: '0' },
    { name: 'timeout', below: '0', narrower: '365d', wider: '0' },
    { name: 'killAfter', below: '5s', narrower: '0', wider: '6s' },
    { name: 'network', below: 'isolated', narrower: 'none', wider: 'egress' },
    { name: 'network', below: 'isolated', narrower: 'none', wider: 'my-net' },
    { name: 'network', below: 'egress', narrower: 'isolated', wider: 'my-net' },
    { name: 'network', below: 'my-net', narrower: 'egress', wider: 'my-net' },
    { name: 'writableRoot', below: 'false', narrower: 'false', wider: 'true' },
    { name: 'writableRoot', below: 'true', narrower: 'false', wider: 'true' },
    { name: 'redact', below: 'true', narrower: 'true', wider: 'false' },
    { name: 'redact', below: 'false', narrower: 'true', wider: 'false' },
    { name: 'isolation', below: 'none', narrower: 'container', wider: 'none' },
    { name: 'isolation', below: 'container', narrower: 'gvisor', wider: 'none' },
    { name: 'isolation', below: 'container', narrower: 'vm', wider: 'namespace' },
    { name: 'workspaceMode', below: 'copy', narrower: 'ro', wider: 'rw' },
    { name: 'apply', below: 'on-success', narrower: 'never', wider: 'always' },
    { name: 'workspaceLimit', below: '1g', narrower: '10m', wider: '2g' },
  ];
  const widening = rows.filter(({ below, wider }) => below !== wider);

  test('The rows below cover every setting that a project may narrow', () => {
    const narrowed = settingNames.filter((name) => settingOf(name).project === 'may-narrow');
    expect(new Set(widening.map(({ name }) => name))).toEqual(new Set(narrowed));
  });

  test.each(rows)('may narrow $name from $below to $narrower', ({ name, below, narrower }) => {
    const { values } = resolve({ user: { [name]: below }, project: { [name]: narrower } });
    expect(values[name]).toBe(settingOf(name).parse(narrower));
  });

  test.each(rows)('may repeat that $name is $below', ({ name, below }) => {
    const { values } = resolve({ user: { [name]: below }, project: { [name]: below } });
    expect(values[name]).toBe(settingOf(name).parse(below));
  });

  test.each(widening)('may not widen $name from $below to $wider', async (row) => {
    const { name, below, wider } = row;
    const sources = { user: { [name]: below }, project: { [name]: wider } };
    const [problem, ...rest] = await problemsOf(() => resolve(sources));
    expect(problem).toContain(`project: ${name}: a project may only narrow this: ${wider}`);
    expect(problem).toContain(`(user: ${name})`);
    expect(rest).toEqual([]);
  });

  test('is measured against the default where the user set nothing', async () => {
    const [problem] = await problemsOf(() => resolve({ project: { memory: '1g' } }));
    expect(problem).toContain('1g is not less than 512m (default)');
  });

  test.each<Sources>([{ flags: { memory: '2g' } }, { environment: { SANDBOX_MEMORY: '2g' } }])(
    'is not asked where the caller decides: %j',
    (sources) => {
      const { values } = resolve({ ...sources, project: { memory: '1g' } });
      expect(values.memory).toBe(2 * 1024 ** 3);
    },
  );

  test.each(settingNames.filter((name) => settingOf(name).project === 'may-not-set'))(
    'may not set %s',
    async (name) => {
      const text = settingOf(name).default ?? 'x';
      const problems = await problemsOf(() => resolve({ project: { [name]: text } }));
      const reason = 'a project may not set this; use a flag or your own config file';
      expect(problems).toEqual([`project: ${name}: ${reason}`]);
    },
  );
});
