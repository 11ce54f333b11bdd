import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { builtInProfiles } from '../../src/spec/profile/built-in-profiles.ts';
import { parseProfileFile, profileLayer } from '../../src/spec/profile/profile-file.ts';
import { profileSchema } from '../../src/spec/profile/profile-schema.ts';
import { failureOf } from './support/failure.ts';

const least = { name: 'mine', description: 'x', base: 'debian:bookworm-slim' };
const parse = (content: unknown, path = '/p/mine.json') =>
  parseProfileFile(path, Buffer.from(JSON.stringify(content)));

async function problemsOf(content: unknown, path?: string): Promise<string[]> {
  const failure = await failureOf(() => parse(content, path));
  expect(failure.code).toBe('profile-unreadable');
  expect(failure.problems.map(({ subject }) => subject)).toContain(path ?? '/p/mine.json');
  return failure.problems.map(({ message }) => message);
}

describe('the built-in profiles', () => {
  test.each(builtInProfiles)('$name is one by the schema', (profile) => {
    expect(v.parse(profileSchema, profile)).toEqual(profile);
  });

  test('The published JSON Schema takes them, and refuses an unknown key', async () => {
    const path = new URL('../../src/spec/profile/profile.schema.json', import.meta.url);
    const schema = JSON.parse(await readFile(path, 'utf8')) as object;
    const validate = new Ajv({ strict: false }).compile(schema);
    for (const profile of builtInProfiles) expect(validate(profile)).toBe(true);
    expect(validate({ ...least, colour: 'red' })).toBe(false);
  });
});

test('A profile may have every key', () => {
  const whole = {
    $schema: './profile.schema.json',
    ...least,
    extends: 'base',
    packages: ['tree', 'libc6-dev', 'g++', 'tree=2.1.0-1', 'libstdc++6=12.2.0-14+deb12u1'],
    environment: { A: '1', _b: '' },
    files: [
      { path: '/etc/a', content: '' },
      { path: '/etc/b', source: 'sub/b', mode: '0755' },
    ],
    setup_tasks: [
      { type: 'exec', command: 'a && b\nc', description: 'd' },
      { type: 'exec', command: ['a', ''], description: 'd' },
    ],
    resources: { cpus: 0.5, memory: '1g', pids: '10', timeout: 30 },
    network: 'none',
    workdir: 'sub',
    shell: '/bin/bash',
  };
  expect(parse(whole)).toEqual(whole);
});

test('Its settings become a layer that names the file and the key', () => {
  const file = parse({
    ...least,
    resources: { cpus: 2, memory: '1g', pids: 10, timeout: '1m' },
    network: 'none',
    workdir: 'sub',
  });
  expect(profileLayer('/p', file)).toEqual({
    cpus: { text: '2', origin: '/p: resources.cpus' },
    memory: { text: '1g', origin: '/p: resources.memory' },
    pidsLimit: { text: '10', origin: '/p: resources.pids' },
    timeout: { text: '1m', origin: '/p: resources.timeout' },
    network: { text: 'none', origin: '/p: network' },
    workdir: { text: 'sub', origin: '/p: workdir' },
  });
});

describe('what is refused', () => {
  const setup = (command: unknown) => ({
    setup_tasks: [{ type: 'exec', command, description: 'd' }],
  });
  const file = (changes: object) => ({ files: [{ path: '/etc/a', content: '', ...changes }] });

  test.each<[object, string]>([
    [{ pakages: [] }, 'unknown key "pakages", did you mean packages?'],
    [{ resources: { mem: 1 } }, 'unknown key "resources.mem" (known: cpus, memory, pids, timeout)'],
    [file({ owner: 'x' }), 'unknown key "files.0.owner" (known: path, content, source, mode)'],
    [{ name: undefined }, 'the key "name" is missing'],
    [{ description: undefined }, 'the key "description" is missing'],
    [{ files: [{ content: '' }] }, 'the key "files.0.path" is missing'],
    [{ name: 'Mine' }, '"name": expected a name such as my-tools: a-z, 0-9'],
    [{ name: 'mine-' }, '"name": expected a name such as my-tools'],
    [{ name: '../mine' }, '"name": expected a name such as my-tools'],
    [{ name: 'm'.repeat(64) }, '"name": expected a name such as my-tools'],
    [{ description: 'a\nb' }, '"description": expected one line of text'],
    [{ image: 'debian' }, 'expected either "image" or "base", got both'],
    [{ base: 'debian AS x' }, '"base": expected an image such as debian:bookworm-slim'],
    [{ base: 'debian\nRUN x' }, '"base": expected an image such as debian:bookworm-slim'],
    [{ base: 1 }, '"base": expected text, got 1'],
    [{ packages: 'tree' }, '"packages": expected an array, got "tree"'],
    [{ packages: ['--force'] }, '"packages.0": expected the name of a package'],
    [{ packages: ['./x.deb'] }, '"packages.0": expected the name of a package'],
    [{ packages: ['a b'] }, '"packages.0": expected the name of a package'],
    [{ environment: { '1A': '' } }, '"environment.1A": expected the name of a variable'],
    [{ environment: { A: 1 } }, '"environment.A": expected text, got 1'],
    [{ environment: { A: 'a\nb' } }, '"environment.A": expected one line of text'],
    [{ environment: { constructor: 'x' } }, 'the name "constructor" cannot be used'],
    [file({ path: 'etc/a' }), '"files.0.path": expected an absolute path'],
    [file({ path: '/../etc/a' }), '"files.0.path": expected an absolute path'],
    [file({ path: '/etc/./a' }), '"files.0.path": expected an absolute path'],
    [file({ path: '/etc/' }), '"files.0.path": expected an absolute path'],
    [file({ mode: '4755' }), '"files.0.mode": expected permissions such as "0644"'],
    [file({ mode: 420 }), '"files.0.mode": expected text, got 420'],
    [file({ source: 'x' }), '"files.0": expected either "content" or "source"'],
    [file({ content: undefined }), '"files.0": expected either "content" or "source"'],
    [setup([]), '"setup_tasks.0.command": expected a program, got none'],
    [setup(''), '"setup_tasks.0.command": expected text that is not empty, without NUL, got ""'],
    [setup(['a', 1]), '"setup_tasks.0.command.1": expected text, got 1'],
    [setup(1), '"setup_tasks.0.command": expected text or an array, got 1'],
    [
      { base: 'debian@sha256:123' },
      '"base": expected an image such as debian:bookworm-slim or NAME@',
    ],
    [{ description: '' }, '"description": expected one line of text, not empty, got ""'],
    [{ resources: { cpus: [] } }, '"resources.cpus": expected text or a number, got an array'],
    [{ setup_tasks: [{ type: 'script' }] }, '"setup_tasks.0.type": expected "exec", got "script"'],
    [{ resources: { memory: '12x' } }, '"resources.memory": expected a size such as 512m'],
    [{ resources: { cpus: 0 } }, '"resources.cpus": expected a number of CPUs'],
    [{ resources: { pids: '1.5' } }, '"resources.pids": expected a number of processes'],
    [{ resources: { timeout: 'soon' } }, '"resources.timeout": expected a duration'],
    [{ network: 'host' }, '"network": expected egress, isolated, none or the name'],
    [{ workdir: '' }, '"workdir": expected a directory'],
    [{ shell: 'bash' }, '"shell": expected an absolute path'],
  ])('%j: %s', async (changes, expected) => {
    const problems = await problemsOf({ ...least, ...changes });
    expect(problems.join('\n')).toContain(expected);
  });

  test('Everything that is wrong is said at once, also of the name and of what excludes each other', async () => {
    const content = { ...least, name: 'other', image: 'x', colour: 1, resources: { memory: 'x' } };
    const problems = await problemsOf(content);
    expect(problems).toHaveLength(4);
    expect(problems.join('\n')).toContain('unknown key "colour"');
    expect(problems.join('\n')).toContain('"name": expected that of the file, "mine", got "other"');
    expect(problems.join('\n')).toContain('got both');
    expect(problems.join('\n')).toContain('"resources.memory"');
  });

  test('Of several unknown keys every one is named, wherever they are', async () => {
    const files = [{ path: '/etc/a', content: '', own: 1, grp: 2 }];
    const content = { ...least, colour: 1, shape: 2, resources: { mem: 1, cpu: 2 }, files };
    const keys = [
      'colour',
      'shape',
      'resources.mem',
      'resources.cpu',
      'files.0.own',
      'files.0.grp',
    ];
    const found = (await problemsOf(content)).map((problem) => problem.split('"')[1]);
    expect(found.sort()).toEqual(keys.sort());
  });

  test('An array is no object, also an empty one, and its items are not looked at', async () => {
    const wrong = { environment: ['x'], resources: [], files: [[]], setup_tasks: [['x']] };
    expect(await problemsOf({ ...least, ...wrong })).toEqual([
      '"environment": expected an object, got an array',
      '"resources": expected an object, got an array',
      '"files.0": expected an object, got an array',
      '"setup_tasks.0": expected an object, got an array',
    ]);
  });

  test('Two files of one profile have two paths', async () => {
    const files = ['/a', '/b', '/a'].map((path) => ({ path, content: '' }));
    expect(await problemsOf({ ...least, files })).toEqual([
      '"files.2.path": expected another one than files.0, got "/a" again',
    ]);
  });

  test('No file stands in for a built-in profile', async () => {
    expect(await problemsOf({ ...least, name: 'base' }, '/p/base.json')).toEqual([
      '"name": "base" is the name of a built-in profile',
    ]);
  });

  test.each([
    ['[]', 'expected an object, got an array'],
    ['null', 'the whole file: expected an object, got null'],
    ['"x"', 'the whole file: expected an object, got "x"'],
    ['{} // x', 'it is not JSON: line 1, column 4: expected nothing more, got "//"'],
    ['', 'it is not JSON: line 1, column 1: expected a value, got the end'],
    ['{"base": "a",\n "base": "b"}', 'line 2, column 2: the key "base" is there twice'],
  ])('The file %j: %s', async (content, expected) => {
    const failure = await failureOf(() => parseProfileFile('/p/mine.json', Buffer.from(content)));
    expect(failure.problems.map(({ message }) => message).join()).toContain(expected);
  });
});
