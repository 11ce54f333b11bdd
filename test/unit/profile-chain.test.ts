import { execFileSync } from 'node:child_process';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { messageOf } from '../../src/failure.ts';
import { Expectation } from '../../src/spec/expectation.ts';
import { listProfiles } from '../../src/spec/profile/list-profiles.ts';
import type { ProfileFile } from '../../src/spec/profile/profile-schema.ts';
import { recipeDigest } from '../../src/spec/profile/recipe.ts';
import { loadProfile } from '../../src/spec/profile/resolve-profile.ts';
import { failureOf, lines } from './support/failure.ts';
import { Surroundings } from './support/surroundings.ts';

/** Surroundings with profiles of the user, the last of which is asked for. */
async function withProfiles(...profiles: Partial<ProfileFile>[]) {
  const around = await Surroundings.create();
  for (const profile of profiles) await around.writeProfile('user', profile);
  const load = (name = profiles.at(-1)?.name ?? 'mine') => loadProfile(name, around.places);
  return { around, load };
}

const task = (description: string, command: string | string[] = 'true') =>
  ({ type: 'exec', description, command }) as const;
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('extends', () => {
  test('Lists add up, the same name wins later, and what stands alone is the last one', async () => {
    const { load } = await withProfiles(
      {
        name: 'one',
        base: 'debian:12',
        packages: ['a', 'b'],
        environment: { A: '1', B: '1' },
        files: [
          { path: '/x', content: 'one' },
          { path: '/y', content: 'y' },
        ],
        setup_tasks: [task('first')],
        resources: { memory: '100m', pids: 10 },
        shell: '/bin/dash',
      },
      {
        name: 'two',
        extends: 'one',
        packages: ['b', 'c'],
        environment: { B: '2' },
        files: [{ path: '/x', content: 'two', mode: '0755' }],
        setup_tasks: [task('second', ['run', 'it'])],
        resources: { memory: '200m' },
      },
    );
    const profile = await load();
    expect(profile.chain).toEqual(['two', 'one']);
    expect(profile.image).toBe('sandbox-two');
    expect(profile.recipe).toEqual({
      base: 'debian:12',
      packages: ['a', 'b', 'c'],
      environment: { A: '1', B: '2' },
      files: [
        { path: '/x', mode: '0755', base64: base64('two') },
        { path: '/y', mode: '0644', base64: base64('y') },
      ],
      setup: [
        { description: 'first', command: ['/bin/dash', '-euc', 'true'] },
        { description: 'second', command: ['run', 'it'] },
      ],
    });
    const texts = Object.entries(profile.settings.own).map(([name, { text }]) => [name, text]);
    expect(Object.fromEntries(texts)).toEqual({ memory: '200m', pidsLimit: '10' });
  });

  test('What is built in can be added to, and keeps its own settings apart', async () => {
    const { load } = await withProfiles({ extends: 'builder', packages: ['tree'] });
    const { recipe, settings, chain } = await load();
    expect(chain).toEqual(['mine', 'builder', 'base']);
    expect(recipe?.packages).toEqual(expect.arrayContaining(['git', 'build-essential', 'tree']));
    expect(Object.keys(settings.builtIn)).toContain('memory');
    expect(settings.own).toEqual({});
  });

  test('A base of its own stands in for the one below, whose packages are kept', async () => {
    const { load } = await withProfiles(
      { name: 'one', base: 'debian:12', packages: ['a'] },
      { name: 'two', extends: 'one', base: 'debian:13' },
    );
    expect((await load()).recipe).toMatchObject({ base: 'debian:13', packages: ['a'] });
  });

  test('An image is used as it is, with the variables of the whole chain', async () => {
    const { load } = await withProfiles(
      { name: 'one', image: 'debian:12', environment: { A: '1' } },
      { name: 'two', extends: 'one', environment: { B: '2' } },
    );
    const { recipe, image, environment } = await load();
    expect({ recipe, image }).toEqual({ recipe: null, image: 'debian:12' });
    expect(environment).toEqual({ A: '1', B: '2' });
  });

  test.each<[string, Partial<ProfileFile>[], string]>([
    ['itself', [{ name: 'one', extends: 'one' }], '"extends": expected no circle, got one → one'],
    [
      'what extends it',
      [
        { name: 'one', extends: 'two' },
        { name: 'two', extends: 'one' },
      ],
      '"extends": expected no circle, got two → one → two',
    ],
    ['nothing that is there', [{ extends: 'nope' }], '"extends": expected one of base, builder,'],
    ['a path', [{ extends: '../x' }], '"extends": expected one of base'],
    [
      'more than can be meant',
      Array.from({ length: 17 }, (_, index) =>
        index === 0 ? { name: 'p0', base: 'x' } : { name: `p${index}`, extends: `p${index - 1}` },
      ),
      '"extends": expected at most 16 profiles in a chain',
    ],
  ])('A profile does not extend %s', async (_, profiles, expected) => {
    const { load } = await withProfiles(...profiles);
    const failure = await failureOf(() => load());
    expect(failure.code).toBe('profile-unreadable');
    expect(failure.problems[0]?.message).toContain(expected);
  });

  test('A chain of 16 is taken', async () => {
    const { load } = await withProfiles(
      { name: 'p0', base: 'x' },
      ...Array.from({ length: 15 }, (_, n) => ({ name: `p${n + 1}`, extends: `p${n}` })),
    );
    expect((await load()).chain).toHaveLength(16);
  });
});

describe('an image that is used as it is', () => {
  test.each<[string, Partial<ProfileFile>]>([
    ['packages', { packages: ['tree'] }],
    ['files', { files: [{ path: '/x', content: '' }] }],
    ['setup_tasks', { setup_tasks: [task('x')] }],
  ])('is not added to by "%s", its own or those of who extends it', async (key, addition) => {
    const alone = await withProfiles({ image: 'debian', ...addition });
    const said = `"${key}": expected "base" with it, got the image debian`;
    expect((await failureOf(() => alone.load())).problems[0]?.message).toContain(said);
    const extended = await withProfiles(
      { name: 'one', image: 'debian' },
      { name: 'two', extends: 'one', ...addition },
    );
    const [problem] = (await failureOf(() => extended.load())).problems;
    expect(problem?.message).toContain(said);
    expect(problem?.subject).toContain('two.json');
  });

  test('does not stand on a profile that is built', async () => {
    const { load } = await withProfiles({ extends: 'base', image: 'debian' });
    const [problem] = (await failureOf(() => load())).problems;
    expect(problem?.message).toContain(
      '"image": expected "base", since profile base has "packages"',
    );
    expect(problem?.subject).toContain('mine.json');
  });
});

test('A profile without any image says what it lacks', async () => {
  const { around, load } = await withProfiles({ name: 'mine' });
  await writeFile(join(around.userProfiles, 'mine.json'), '{"name":"mine","description":"x"}');
  expect(lines((await failureOf(() => load())).problems)[0]).toContain(
    'expected "base" or "image", or "extends" with a profile that has one',
  );
});

describe('where profiles are', () => {
  test("An unknown name is answered with those that are known, the project's as well", async () => {
    const { around, load } = await withProfiles({ name: 'own' });
    await around.writeProfile('project', { name: 'theirs' });
    const error: unknown = await load('nope').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Expectation);
    expect(messageOf(error)).toMatch(/^expected one of base, .*own, theirs, got "nope"$/);
  });

  test("A project's profile does not stand in for one's own", async () => {
    const { around, load } = await withProfiles({ name: 'mine', image: 'own' });
    await around.writeProfile('project', { name: 'mine', image: 'theirs' });
    expect(await load()).toMatchObject({ image: 'own', isProjects: false });
  });

  test('A project has a part in what extends its profile', async () => {
    const { around, load } = await withProfiles({ name: 'mine', extends: 'theirs' });
    await around.writeProfile('project', { name: 'theirs' });
    expect(await load()).toMatchObject({ origin: 'user', isProjects: true });
  });

  test('The list shows what is no good as such', async () => {
    const around = await Surroundings.create();
    await around.writeProfile('user', { name: 'mine' });
    await around.writeProfile('project', { name: 'mine' });
    await around.writeProfile('project', { name: 'good' });
    await around.writeProfile('project', { name: 'lost', extends: 'nope' });
    await writeFile(join(around.projectProfiles, 'base.json'), '{');
    await writeFile(join(around.projectProfiles, 'No Name.json'), '{}');
    await writeFile(join(around.projectProfiles, 'notes.txt'), '');
    const rows = (await listProfiles(around.places)).filter(({ origin }) => origin !== 'built-in');
    expect(rows.map(({ name, origin, state }) => `${name} ${origin} ${state}`)).toEqual([
      'mine user usable',
      'No Name project refused',
      'base project refused',
      'good project usable',
      'lost project refused',
      'mine project shadowed',
    ]);
    expect(rows.find(({ name }) => name === 'lost')?.problems[0]).toContain('"extends": expected');
  });
});

describe('files of a profile', () => {
  test('come from beside it, also from a folder there', async () => {
    const { around, load } = await withProfiles({
      base: 'debian',
      files: [{ path: '/x', source: 'sub/x.bin' }],
    });
    const bytes = Buffer.from([0, 255, 10]);
    await mkdir(join(around.userProfiles, 'sub'));
    await writeFile(join(around.userProfiles, 'sub/x.bin'), bytes);
    const [file] = (await load()).recipe?.files ?? [];
    expect(file).toEqual({ path: '/x', mode: '0644', base64: bytes.toString('base64') });
  });

  test("come from beside it where a link leads to the caller's own folder", async () => {
    const { around, load } = await withProfiles({
      base: 'debian',
      files: [{ path: '/x', source: 'sub/x' }],
    });
    await mkdir(join(around.userProfiles, 'sub'));
    await writeFile(join(around.userProfiles, 'sub/x'), 'x');
    await rename(around.userProfiles, join(around.root, 'elsewhere'));
    await symlink(join(around.root, 'elsewhere'), around.userProfiles);
    expect((await load()).recipe?.files[0]?.base64).toBe(base64('x'));
  });

  test.each<[string, string, (folder: string) => unknown, string]>([
    ['a path out of it', '../secret', () => undefined, 'it is not below'],
    ['an absolute path', '/etc/passwd', () => undefined, 'expected a path relative to the profile'],
    [
      'a link out of it',
      'link',
      (folder) => symlink('../secret', join(folder, 'link')),
      'it is a symlink',
    ],
    ['its own folder', 'sub/..', () => undefined, 'it is not a regular file'],
    [
      'a linked folder out of it',
      'link/secret',
      (folder) => symlink('..', join(folder, 'link')),
      'profiles/link is a link, or no directory',
    ],
    ['nothing', 'missing', () => undefined, 'missing: there is no such file'],
    ['a folder', 'sub', (folder) => mkdir(join(folder, 'sub')), 'it is not a regular file'],
    [
      'a FIFO',
      'fifo',
      (folder) => execFileSync('mkfifo', [join(folder, 'fifo')]),
      'it is not a regular file',
    ],
    [
      'too much',
      'big',
      (folder) => writeFile(join(folder, 'big'), Buffer.alloc(1024 ** 2 + 1)),
      'larger than 1 MiB',
    ],
  ])('are not read from %s', async (_, source, make, expected) => {
    const { around, load } = await withProfiles({
      base: 'debian',
      files: [{ path: '/x', source }],
    });
    await writeFile(join(around.userProfiles, '../secret'), 'secret');
    await make(around.userProfiles);
    const failure = await failureOf(() => load());
    expect(failure.problems[0]?.message).toContain(`"files.0.source" ${source}: `);
    expect(failure.problems[0]?.message).toContain(expected);
  });
});

test('Of several sources that cannot be had every one is told, also those of another profile', async () => {
  const { around, load } = await withProfiles(
    { name: 'one', base: 'debian', files: [{ path: '/x', source: 'one' }] },
    {
      extends: 'one',
      files: [
        { path: '/x', source: 'two' },
        { path: '/y', content: '' },
        { path: '/z', source: '../three' },
      ],
    },
  );
  await writeFile(join(around.userProfiles, '../three'), '');
  const failure = await failureOf(() => load());
  const path = (name: string) => join(around.userProfiles, `${name}.json`);
  expect(lines(failure.problems)).toEqual([
    `${path('one')}: "files.0.source" one: there is no such file`,
    `${path('mine')}: "files.0.source" two: there is no such file`,
    `${path('mine')}: "files.2.source" ../three: it is not below ${around.userProfiles}`,
  ]);
});

test('Which files of the host stand in a recipe is known, and is no part of it', async () => {
  const { around, load } = await withProfiles({
    base: 'debian',
    files: [
      { path: '/x', source: './sub/../x' },
      { path: '/y', content: 'x' },
    ],
  });
  await mkdir(join(around.userProfiles, 'sub'));
  await writeFile(join(around.userProfiles, 'x'), 'x');
  const { recipe, sources } = await load();
  expect(sources).toEqual({ '/x': join(around.userProfiles, 'x') });
  expect(recipe?.files.map((file) => Object.keys(file))).toEqual([
    ['path', 'mode', 'base64'],
    ['path', 'mode', 'base64'],
  ]);
});

describe('a name that is not known', () => {
  test('is answered with those that can be read, without the one that asks, and with the nearest', async () => {
    const { around } = await withProfiles({ name: 'greeter' }, { name: 'asks', extends: 'greter' });
    await writeFile(join(around.userProfiles, 'broken.json'), '{');
    await mkdir(join(around.userProfiles, 'folder.json'));
    execFileSync('mkfifo', [join(around.userProfiles, 'fifo.json')]);
    const builtIn = 'base, builder, tester, deployer, researcher, docker-host';
    await expect(loadProfile('gretter', around.places)).rejects.toThrow(
      `expected one of ${builtIn}, asks, greeter, got "gretter", did you mean greeter?`,
    );
    const failure = await failureOf(() => loadProfile('asks', around.places));
    expect(failure.problems[0]?.message).toBe(
      `"extends": expected one of ${builtIn}, greeter, got "greter", did you mean greeter?`,
    );
    await expect(loadProfile('nothing-like-it', around.places)).rejects.toThrow(/got "[^"]*"$/);
  });
});

describe('setup tasks', () => {
  test('keep the shell of the profile that wrote them', async () => {
    const { load } = await withProfiles(
      { name: 'one', base: 'debian', setup_tasks: [task('1')] },
      { name: 'two', extends: 'one', shell: '/bin/bash', setup_tasks: [task('2')] },
      { name: 'three', extends: 'two', setup_tasks: [task('3')] },
      { name: 'four', extends: 'three', shell: '/usr/bin/perl', setup_tasks: [task('4')] },
    );
    const { recipe, shell } = await load();
    const shells = recipe?.setup.map(({ command }) => command[0]);
    expect(shells).toEqual(['/bin/sh', '/bin/bash', '/bin/bash', '/usr/bin/perl']);
    expect(shell).toBe('/usr/bin/perl');
  });
});

describe('the image of a profile', () => {
  test('is that of the one it extends where it adds nothing to the recipe', async () => {
    const { load } = await withProfiles(
      { name: 'one', extends: 'base', packages: ['tree'] },
      { name: 'two', extends: 'one', packages: [], environment: {}, shell: '/bin/dash' },
      { name: 'three', extends: 'two', resources: { memory: '1g' }, network: 'none' },
    );
    const [one, three] = [await load('one'), await load('three')];
    expect([one.image, three.image]).toEqual(['sandbox-one', 'sandbox-one']);
    expect(three.recipe).toEqual(one.recipe);
    expect(three.name).toBe('three');
  });

  test.each<Partial<ProfileFile>>([
    { base: 'debian:13' },
    { packages: ['tree'] },
    { files: [{ path: '/x', content: '' }] },
    { setup_tasks: [task('x')] },
    { environment: { A: '1' } },
  ])('is one of its own with %j', async (content) => {
    const { load } = await withProfiles({ extends: 'builder', ...content });
    expect((await load()).image).toBe('sandbox-mine');
  });
});

describe("a project's profile is not read by way of", () => {
  test('a link in the place of the file', async () => {
    const around = await Surroundings.create();
    const path = await around.writeProfile('project', { name: 'mine' });
    await rename(path, `${path}.away`);
    await symlink(`${path}.away`, path);
    const failure = await failureOf(() => loadProfile('mine', around.places));
    expect(failure.problems[0]?.message).toContain('it cannot be read: it is a symlink');
  });

  test.each(['.sandbox', '.sandbox/profiles'])('a link in the place of %s', async (directory) => {
    const around = await Surroundings.create();
    await around.writeProfile('project', { name: 'mine' });
    const path = join(around.workspace, directory);
    await rename(path, join(around.root, 'elsewhere'));
    await symlink(join(around.root, 'elsewhere'), path);
    const failure = await failureOf(() => loadProfile('mine', around.places));
    expect(failure.problems[0]?.message).toContain('a link leads to it');
  });
});

describe('the digest of a recipe', () => {
  const recipe = {
    base: 'a',
    packages: ['x', 'y'],
    files: [],
    environment: { A: '1', B: '2' },
    setup: [],
  };

  test('does not depend on the order of variables', () => {
    const turned = { ...recipe, environment: { B: '2', A: '1' } };
    expect(recipeDigest(turned)).toBe(recipeDigest(recipe));
  });

  test.each([
    { base: 'b' },
    { packages: ['y', 'x'] },
    { environment: { A: '1' } },
    { files: [{ path: '/x', mode: '0644', base64: '' }] },
    { setup: [{ description: 'd', command: ['x'] }] },
  ])('changes with %j', (change) => {
    expect(recipeDigest({ ...recipe, ...change })).not.toBe(recipeDigest(recipe));
  });
});
