import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { loadSecrets, parseSecret } from '../../src/spec/secret.ts';
import { problemsOf } from './support/failure.ts';
import { Surroundings } from './support/surroundings.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const caller = { env: { KEY: 'value-1' }, cwd: '/home/me', uid: 1000, gid: 1000 };

describe('--secret', () => {
  test('takes a variable that is set, or a file', () => {
    expect(parseSecret('KEY', caller)).toEqual({ name: 'KEY', path: null });
    expect(parseSecret('db.key=@conf/key', caller)).toEqual({
      name: 'db.key',
      path: '/home/me/conf/key',
    });
  });

  test.each(['', '=@f', 'a/b=@f', '../x=@f', '-x=@f', 'MISSING', 'KEY=', 'KEY=@', 'KEY=value-1'])(
    'refuses "%s", and does not repeat what may be a value',
    (text) => {
      expect(() => parseSecret(text, caller)).toThrow(/^expected /);
      expect(() => parseSecret(text, caller)).not.toThrow(/value-1/);
    },
  );

  test('refuses a name that is given twice', async () => {
    const around = await Surroundings.create();
    const request = { secrets: ['A=@x', 'A=@y'] };
    expect(await problemsOf(() => around.resolve(request))).toEqual([
      '--secret: expected each name once, got A again',
    ]);
  });
});

const never = new AbortController().signal;

describe('loading', () => {
  const load = async (name: string, path: string | null, env = {}) =>
    await loadSecrets([{ name, path }], { env, cancel: never });

  test('reads variables and files as they are', async () => {
    const path = join(await temporaryDirectory(), 'key');
    await writeFile(path, Buffer.from([1, 2, 3, 255, 10]));
    const sources = [
      { name: 'A', path: null },
      { name: 'B', path },
    ];
    const { secrets, failure } = await loadSecrets(sources, {
      env: { A: 'in words' },
      cancel: never,
    });
    expect(failure).toBeNull();
    expect(secrets.map(({ value }) => value.toString('latin1'))).toEqual([
      'in words',
      '\u0001\u0002\u0003\u00ff\n',
    ]);
  });

  test('reads a pipe, as `--secret KEY=@<(pass show key)` gives one', async () => {
    const fifo = join(await temporaryDirectory(), 'pipe');
    await promisify(execFile)('mkfifo', [fifo]);
    const [{ secrets }] = await Promise.all([load('A', fifo), writeFile(fifo, 'from a pipe')]);
    expect(secrets[0]?.value.toString()).toBe('from a pipe');
  });

  test('an interrupt ends the waiting for a pipe that nobody writes to', async () => {
    const path = join(await temporaryDirectory(), 'pipe');
    await promisify(execFile)('mkfifo', [path]);
    const cancel = AbortSignal.abort('SIGINT');
    const { failure } = await loadSecrets([{ name: 'A', path }], { env: {}, cancel });
    expect(failure?.code).toBe('secret-unreadable');
  });

  test.each<[string, NodeJS.ProcessEnv, string]>([
    ['is too short to be told from other text', { A: 'abc\n' }, 'found 4 bytes'],
    ['is not set any more', {}, 'found 0 bytes'],
    ['is larger than 64 KiB', { A: 'x'.repeat(65_537) }, 'found 65537 bytes'],
  ])('fails for one that %s', async (_, env, reason) => {
    const { secrets, failure } = await load('A', null, env);
    expect(secrets).toEqual([]);
    expect(failure?.code).toBe('secret-unreadable');
    expect(failure?.message).toContain(reason);
  });

  test('fails for a file that cannot be read', async () => {
    const directory = await temporaryDirectory();
    for (const path of [directory, join(directory, 'missing')]) {
      const { failure } = await load('A', path);
      expect(failure?.message).toMatch(
        /^the secret A cannot be used: (it is a directory|there is no such file) \(/,
      );
    }
  });
});
