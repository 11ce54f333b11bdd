import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseConfigFile, readConfigFile, userConfigPath } from '../../src/spec/config-file.ts';
import { settingNames, settingOf } from '../../src/spec/settings.ts';
import { failureOf } from './support/failure.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const parsed = (path: string, text: string) => parseConfigFile(path, Buffer.from(text));

describe('parseConfigFile', () => {
  test('Settings are kept as text with the file and the key as their origin', () => {
    const text = '{"memory": "1g", "cpus": 0.5, "writableRoot": true}';
    expect(parsed('/f.json', text).layer).toEqual({
      memory: { text: '1g', origin: '/f.json: memory' },
      cpus: { text: '0.5', origin: '/f.json: cpus' },
      writableRoot: { text: 'true', origin: '/f.json: writableRoot' },
    });
  });

  test('Collections are read, and "$schema" says nothing', () => {
    const collections = {
      labels: { team: 'x' },
      buildArgs: { HTTP_PROXY: 'http://proxy' },
      mounts: ['type=volume,source=data,target=/data'],
      tmpfs: ['/scratch'],
    };
    const content = { $schema: './config.schema.json', env: { A: '1' }, ...collections };
    const file = parsed('/f.json', JSON.stringify(content));
    expect(file).toEqual({ path: '/f.json', layer: {}, environment: { A: '1' }, ...collections });
  });

  test('A byte order mark, as some editors write it, says nothing', () => {
    expect(parsed('/f.json', '\uFEFF{"memory": "1g"}').layer.memory?.text).toBe('1g');
  });

  test('An empty object sets nothing', () => {
    const { layer, environment, labels, mounts, tmpfs } = parsed('/f.json', '{}');
    expect({ layer, environment, labels, mounts, tmpfs }).toEqual({
      layer: {},
      environment: {},
      labels: {},
      mounts: [],
      tmpfs: [],
    });
  });

  test.each([
    [
      'an unknown key',
      '{"frobnicate": "1g"}',
      'unknown key "frobnicate" (known: image, profile, platform, workdir, workspaceMode,',
    ],
    [
      'a mistyped key',
      '{\n  "cpus": 1,\n  "memroy": "1g"\n}',
      ': line 3, column 3: unknown key "memroy", did you mean memory?',
    ],
    ['a key by another name', '{"volumes": []}', 'unknown key "volumes", did you mean mounts?'],
    ['a key by its option', '{"volume": []}', 'unknown key "volume", did you mean mounts?'],
    ['two of them', '{"volume": [],\n"lables": {}}', 'line 2, column 1: unknown key "lables"'],
    [
      'a key that only a flag may set',
      '{"workspace": "/"}',
      'unknown key "workspace": a config file may not set it',
    ],
    [
      'a wrong value deep in it',
      '{"env": {\n\t"B": "{\\"A",\n\t"A": 1}, "A": 2}',
      'line 3, column 2: "env.A": expected string, got 1',
    ],
    [
      'a wrong value in a list',
      '{"mounts": ["a",\n  "b", [1,\n{"mounts": 4}]]}',
      'line 2, column 8: "mounts.2": expected string',
    ],
    ['a list instead of a value', '{"memory": ["1g"]}', '"memory": expected'],
    ['null instead of a value', '{"memory": null}', '"memory": expected'],
    ['a number as a variable', '{"env": {"A": 1}}', '"env.A": expected string, got 1'],
    ['text instead of a list', '{"mounts": "a:b"}', '"mounts": expected Array, got "a:b"'],
    ['text instead of an object', '"memory"', '"the whole file": expected Object'],
    ['an empty list', '[]', 'expected an object, got an array'],
    ['null', 'null', '"the whole file": expected Object'],
    ['a list for variables', '{"env": ["A=1"]}', '"env": expected an object, got an array'],
    ['an empty list for labels', '{"labels": []}', '"labels": expected an object, got an array'],
    [
      'a list beside another mistake',
      '{"buildArgs": [], "cpus": []}',
      '"buildArgs": expected an object, got an array',
    ],
    ['a comment', '{} // mine', 'it is not JSON'],
    [
      'a key that is there twice',
      '{\n  "memory": "1g",\n  "memory": "8g"\n}',
      'line 3, column 3: the key "memory" is there twice',
    ],
    [
      'a variable that is there twice',
      '{"env": {"A": "1", "A": "2"}}',
      'line 1, column 20: the key "A" is there twice',
    ],
    ['nothing', '', 'it is not JSON'],
  ])('A file with %s is refused', async (_, text, reason) => {
    const failure = await failureOf(() => parsed('/f.json', text));
    expect(failure.code).toBe('config-unreadable');
    expect(failure.message).toContain('cannot use the config file /f.json');
    expect(failure.message).toContain(reason);
  });

  test('Everything that is wrong is said at once', async () => {
    const failure = await failureOf(() => parsed('/f.json', '{"a": 1, "memory": []}'));
    expect(failure.message).toContain('unknown key "a"');
    expect(failure.message).toContain('"memory": expected');
  });

  test.each(settingNames)('%s may be in a file exactly where the table says so', (name) => {
    const content = JSON.stringify({ [name]: 'x' });
    const isTaken = settingOf(name).config;
    if (isTaken) expect(parsed('/f', content).layer[name]?.text).toBe('x');
    else expect(() => parsed('/f', content)).toThrow(`unknown key "${name}"`);
  });
});

describe('readConfigFile', () => {
  test('A file that is not there is null, also where its directory is a file', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'file'), '');
    expect(await readConfigFile(join(directory, 'missing/f.json'))).toBeNull();
    expect(await readConfigFile(join(directory, 'file/f.json'))).toBeNull();
  });

  test.each<[string, (path: string) => unknown, string]>([
    ['a directory', (path) => mkdir(path), 'it is not a regular file'],
    ['a FIFO, which nobody writes to,', (path) => execFileSync('mkfifo', [path]), 'not a regular'],
    ['a symlink to a good file', symlinkToGoodFile, 'it is a symlink, and those'],
    ['a symlink to nothing', (path) => symlink(`${path}.missing`, path), 'it is a symlink, and'],
    ['more than 1 MiB', (path) => writeFile(path, '{}'.padEnd(1024 ** 2 + 1)), 'larger than 1 MiB'],
  ])('%s is refused', async (_, make, reason) => {
    const path = join(await temporaryDirectory(), 'sandbox.config.json');
    await make(path);
    const failure = await failureOf(() => readConfigFile(path));
    expect(failure.code).toBe('config-unreadable');
    expect(failure.message).toContain(reason);
  });
});

async function symlinkToGoodFile(path: string): Promise<void> {
  await writeFile(`${path}.target`, '{}');
  await symlink(`${path}.target`, path);
}

test.each([
  [{ XDG_CONFIG_HOME: '/x', HOME: '/h' }, '/x/sandbox/sandbox.config.json'],
  [{ HOME: '/h' }, '/h/.config/sandbox/sandbox.config.json'],
])("With %j the caller's own file is %s", (env, path) => {
  expect(userConfigPath(env)).toBe(path);
});
