import { constants } from 'node:fs';
import { chmod, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { savedLogin } from '../../src/engine/docker/images/pull/registry-config.ts';
import { loginFromHelper } from '../../src/engine/docker/images/pull/registry-helper.ts';
import {
  authHeader,
  registryLogin,
  withoutSecrets,
} from '../../src/engine/docker/images/pull/registry-login.ts';
import {
  digestFor,
  hubKey,
  registryOf,
} from '../../src/engine/docker/images/pull/registry-reference.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const never = () => new AbortController().signal;

/** A folder with a Docker config and credential helpers, all of them shell scripts. */
async function surroundings(config: unknown, helpers: Readonly<Record<string, string>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  await writeFile(join(folder, 'config.json'), text);
  for (const [name, script] of Object.entries(helpers)) {
    const path = join(folder, `docker-credential-${name}`);
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
  }
  const env = { DOCKER_CONFIG: folder, PATH: `${folder}:/usr/bin:/bin` };
  return { folder, env, login: (registry: string) => registryLogin(registry, env, never()) };
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

test.each([
  ['debian', hubKey],
  ['debian:bookworm', hubKey],
  ['library/debian', hubKey],
  ['docker.io/library/debian', hubKey],
  ['team/app', hubKey],
  ['localhost/app', 'localhost'],
  ['localhost:5000/app:1', 'localhost:5000'],
  ['ghcr.io/team/app', 'ghcr.io'],
  [`registry.example:8443/a/b/c@${digest}`, 'registry.example:8443'],
])('"%s" is of the registry %s', (reference, registry) => {
  expect(registryOf(reference)).toBe(registry);
});

test.each([
  ['debian', ['debian@sha256:1'], 'debian@sha256:1'],
  ['docker.io/library/debian:1', ['mirror/debian@sha256:2', 'debian@sha256:1'], 'debian@sha256:1'],
  ['team/app', ['other@sha256:2'], 'other@sha256:2'],
  ['debian@sha256:2', ['debian@sha256:1', 'debian@sha256:2'], 'debian@sha256:2'],
  ['debian@sha256:3', ['debian@sha256:1'], null],
  ['debian', null, null],
])('of "%s" with the digests %o it is %s', (reference, digests, found) => {
  expect(digestFor(reference, digests)).toBe(found);
});

test('a login is found by the registry, however it is written down', () => {
  const auth = base64('alice:pass:word\0\0');
  const found = { username: 'alice', password: 'pass:word' };
  const of = (key: string, registry: string) =>
    savedLogin(
      { auths: { [key]: { ...empty, auth } }, credHelpers: {}, credsStore: null },
      registry,
    );
  expect(of('ghcr.io', 'ghcr.io')).toEqual({ ...found, serveraddress: 'ghcr.io' });
  expect(of('https://ghcr.io/v1/', 'ghcr.io')).toEqual({ ...found, serveraddress: 'ghcr.io' });
  expect(of(hubKey, hubKey)).toEqual({ ...found, serveraddress: hubKey });
  expect(of('index.docker.io', hubKey)).toEqual({ ...found, serveraddress: hubKey });
  expect(of('ghcr.io', 'evil-ghcr.io')).toBeNull();
  expect(of('ghcr.io:444', 'ghcr.io')).toBeNull();
});

const empty = { auth: '', username: '', password: '', identitytoken: '', registrytoken: '' };

test('tokens and plain names are taken, too, and an empty entry is none', async () => {
  const { login } = await surroundings({
    auths: {
      'a.example': { auth: base64('alice:x'), identitytoken: 'token' },
      'b.example': { username: 'bob', password: 'secret' },
      'c.example': {},
    },
  });
  expect((await login('a.example')).auth).toMatchObject({ identitytoken: 'token' });
  expect((await login('b.example')).auth).toMatchObject({ username: 'bob', password: 'secret' });
  expect(await login('c.example')).toEqual({ auth: null, problem: null });
});

test('the header is base64 for addresses, with padding', () => {
  const auth = { serveraddress: 'a.example', username: 'ü?>', password: '~~~' };
  const header = authHeader(auth)['X-Registry-Auth'] ?? '';
  expect(header).toMatch(/^[A-Za-z0-9_-]+=*$/);
  expect(header.length % 4).toBe(0);
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual(auth);
  expect(authHeader(null)).toEqual({});
});

test('a helper of the registry comes before that of all, and gets its name', async () => {
  const answer = (name: string) => `echo '{"Username":"${name}","Secret":"'"$1 $(cat)"'"}'`;
  const { login } = await surroundings(
    { credsStore: 'all', credHelpers: { 'a.example': 'one' } },
    { all: answer('all'), one: answer('one') },
  );
  expect((await login('a.example')).auth).toEqual({
    serveraddress: 'a.example',
    username: 'one',
    password: 'get a.example',
  });
  expect((await login(hubKey)).auth).toMatchObject({ username: 'all', password: `get ${hubKey}` });
});

test('a helper may have a token, or nothing', async () => {
  const { env } = await surroundings(
    {},
    {
      token: `echo '{"Username":"<token>","Secret":"t"}'`,
      nothing: 'echo credentials not found in native keychain; exit 1',
    },
  );
  const around = { env, cancel: never() };
  expect(await loginFromHelper('token', 'a.example', around)).toEqual({
    serveraddress: 'a.example',
    identitytoken: 't',
  });
  expect(await loginFromHelper('nothing', 'a.example', around)).toBeNull();
});

test('a helper that fails is told without what it may have printed of a login', async () => {
  const { login } = await surroundings(
    {
      credsStore: 'bad',
      credHelpers: {
        ...{ b: 'odd', c: 'missing', d: '../bad', e: 'strange', f: 'plain', g: 'pretty' },
        ...{ h: 'known', i: 'traced' },
      },
    },
    {
      plain: 'echo hidden; exit 1',
      pretty: `printf '{\\n  "Username": "u",\\n  "Secret": "hidden"\\n}\\n'; exit 1`,
      known: 'echo hidden: pass store is uninitialized: hidden; exit 1',
      traced: `echo '  "Secret": "hidden"' >&2; printf 'locked%01000d\\n' 1 >&2; exit 1`,
      bad: `echo '{"Username":"u","Secret":"hidden"}'; echo locked >&2; exit 1`,
      odd: 'echo hidden',
      strange: 'exit 3',
    },
  );
  const problems = await Promise.all(
    Array.from('abcdefghi').map(async (registry) => (await login(registry)).problem),
  );
  expect(problems).toEqual([
    'docker-credential-bad failed: locked',
    'docker-credential-odd answered something else than a login',
    'docker-credential-missing is not installed',
    'the Docker config names a credential helper with an odd name, "../bad"',
    'docker-credential-strange failed: no reason given',
    'docker-credential-plain failed: no reason given',
    'docker-credential-pretty failed: no reason given',
    'docker-credential-known failed: pass store is uninitialized',
    `docker-credential-traced failed: locked${'0'.repeat(194)}`,
  ]);
});

test('a helper that prints without end is given up with the reason', async () => {
  const { env } = await surroundings({}, { loud: 'cat /dev/zero' });
  const asking = loginFromHelper('loud', 'a.example', { env, cancel: never(), limitMs: 20_000 });
  await expect(asking).rejects.toThrow('docker-credential-loud answered more than 64 KiB');
});

describe('a helper that hangs, with a child that holds its output', () => {
  const hanging = async () => await surroundings({}, { slow: 'sleep 5 & sleep 5' });

  test('is given up', async () => {
    const { env } = await hanging();
    const asking = loginFromHelper('slow', 'a.example', { env, cancel: never(), limitMs: 100 });
    await expect(asking).rejects.toThrow('docker-credential-slow did not answer within 0.1 s');
  });

  test('leaves no process', async () => {
    const reading = 'cat "${0%/*}/fifo"';
    const { folder, env } = await surroundings({}, { slow: `${reading} & ${reading}` });
    const fifo = join(folder, 'fifo');
    await execa('mkfifo', [fifo]);
    const asking = loginFromHelper('slow', 'a.example', { env, cancel: never(), limitMs: 300 });
    await expect(asking).rejects.toThrow('did not answer');
    // Opening it for writing fails as soon as nobody has it open for reading any more.
    const readers = async () => {
      const end = await open(fifo, constants.O_WRONLY | constants.O_NONBLOCK).catch(() => null);
      await end?.close();
      return end !== null;
    };
    await vi.waitUntil(async () => !(await readers()), { timeout: 5_000 });
  });

  test('is not waited for after Ctrl-C', async () => {
    const { env } = await hanging();
    const controller = new AbortController();
    const startMs = performance.now();
    const asking = loginFromHelper('slow', 'a.example', { env, cancel: controller.signal });
    setImmediate(() => controller.abort());
    await expect(asking).rejects.toThrow();
    expect(performance.now() - startMs).toBeLessThan(4_000);
  });
});

test('where a helper fails, a login in the file is used', async () => {
  const { login } = await surroundings({
    credsStore: 'missing',
    auths: { 'a.example': { auth: base64('alice:secret') } },
  });
  const { auth, problem } = await login('a.example');
  expect(auth).toMatchObject({ username: 'alice' });
  expect(problem).toBeNull();
});

test.each([
  ['{"auths": {"a": {"auth": "hidden"', 'is not JSON'],
  [{ auths: { a: { auth: 7 } } }, '"auths.a.auth" is not as expected'],
])('a config that is no good is told without its content: %o', async (config, problem) => {
  const found = await (await surroundings(config)).login('a.example');
  expect(found.auth).toBeNull();
  expect(found.problem).toContain(problem);
  expect(found.problem).not.toContain('hidden');
});

test('no config is no problem', async () => {
  const { folder, login } = await surroundings({});
  await rm(join(folder, 'config.json'));
  expect(await login('a.example')).toEqual({ auth: null, problem: null });
});

test('what a registry repeats of a login, and links with keys in them, are not passed on', () => {
  const auth = { serveraddress: 'a', username: 'alice', password: 'pa$$' };
  const said = `no: pa$$ ${base64('alice:pa$$')} at "https://cdn.example/x?Signature=abc": EOF`;
  expect(withoutSecrets(said, auth)).toBe('no: *** *** at "https://cdn.example/x": EOF');
  const odd = { ...auth, password: 'p/"ä+w%d' };
  const forms = [
    encodeURIComponent(odd.password),
    new URLSearchParams({ p: odd.password }).toString().slice(2),
    JSON.stringify(odd.password).slice(1, -1),
    base64(odd.password),
    base64(`{"a":"${odd.password}"}`),
  ];
  for (const form of forms)
    expect(withoutSecrets(`no: <${form}>`, odd)).toMatch(/^no: <.*[*]{3}.*>$/);
  expect(withoutSecrets('plain', null)).toBe('plain');
});
