import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { minimalArchive } from '../../src/engine/docker/images/offline/minimal-archive.ts';
import { findBusybox } from '../../src/engine/docker/images/offline/minimal-busybox.ts';
import { type WantedImage, ensurePresent } from '../../src/engine/docker/images/pull/pull.ts';
import { SandboxFailure } from '../../src/failure.ts';
import { docker, describeOn } from '../helpers/engines.ts';
import { imageSurroundings, realApi, removedAfterwards } from '../helpers/image-surroundings.ts';
import { Registry, type RegistryLogin, refuse } from '../helpers/registry.ts';
import { Workspace } from '../helpers/workspace.ts';

const api = realApi();
const defaults = {
  pull: 'missing',
  pullTimeoutMs: 60_000,
  platform: null,
  isBase: false,
} as const;

async function present(wanted: Partial<WantedImage> & { reference: string }) {
  const surroundings = imageSurroundings();
  removedAfterwards(wanted.reference);
  const image = await ensurePresent(api, { ...defaults, ...wanted }, surroundings.context);
  // Its tag may go to another one.
  removedAfterwards(image.id);
  return { ...surroundings, image };
}

async function failureOf(wanted: Partial<WantedImage> & { reference: string }) {
  const surroundings = imageSurroundings();
  removedAfterwards(wanted.reference);
  const failure = await ensurePresent(api, { ...defaults, ...wanted }, surroundings.context).then(
    () => null,
    (error: unknown) => error,
  );
  if (!(failure instanceof SandboxFailure))
    throw new Error('expected a failure', { cause: failure });
  return { ...surroundings, failure };
}

const login: Omit<RegistryLogin, 'scheme'> = { username: 'alice', password: 'pass:w0rd' };
const basic = Buffer.from(`${login.username}:${login.password}`).toString('base64');

/** A Docker config of its own for the test. */
async function dockerConfig(config: object): Promise<string> {
  const { root } = await Workspace.create();
  await writeFile(join(root, 'config.json'), JSON.stringify(config));
  vi.stubEnv('DOCKER_CONFIG', root);
  return root;
}

describeOn('docker', 'pulling', () => {
  test('an image that is missing is pulled once, and told with its digest', async () => {
    const registry = await Registry.start();
    const digest = await registry.add('team/app', '1');
    const reference = `${registry.host}/team/app:1`;
    const { image } = await present({ reference });
    const calls = registry.calls.length;
    const again = await present({ reference });
    expect(image.digest).toBe(`${registry.host}/team/app@${digest}`);
    expect(image.pulledMs).toBeGreaterThan(0);
    expect(again.image).toEqual({ ...image, pulledMs: null });
    expect(registry.calls).toHaveLength(calls);
  });

  test('--pull always asks again, --pull never does not ask at all', async () => {
    const registry = await Registry.start();
    const reference = `${registry.host}/app:1`;
    await registry.add('app', '1');
    const never = await failureOf({ reference, pull: 'never' });
    const first = await present({ reference });
    await registry.add('app', '1');
    const always = await present({ reference, pull: 'always' });
    expect(never.failure.code).toBe('image-not-found');
    expect(always.image.id).not.toBe(first.image.id);
    expect(always.image.pulledMs).not.toBeNull();
  });

  test('the bytes of its layers are told as they come', async () => {
    const registry = await Registry.start();
    await registry.add('app', '1', { layer: 3_000_000 });
    const reference = `${registry.host}/app:1`;
    const { progress } = await present({ reference });
    expect(progress[0]).toEqual({ kind: 'begin', what: 'pull', reference, platform: null });
    expect(progress.at(-1)).toEqual({ kind: 'end', what: 'pull', reference, platform: null });
    const layers = progress.filter((told) => told.kind === 'layers');
    expect(layers.at(-1)?.totalBytes).toBeGreaterThan(3_000_000);
    expect(layers.at(-1)?.doneBytes).toBe(layers.at(-1)?.totalBytes);
    const done = layers.map(({ doneBytes }) => doneBytes);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
  });

  test('a digest pins: it is what the engine has, whatever its tag became', async () => {
    const registry = await Registry.start();
    const digest = await registry.add('app', '1');
    await registry.add('app', '1');
    const reference = `${registry.host}/app@${digest}`;
    const { image } = await present({ reference });
    expect(image.digest).toBe(reference);
    const absent = `sha256:${'0'.repeat(64)}`;
    const { failure } = await failureOf({ reference: `${registry.host}/app@${absent}` });
    expect(failure.code).toBe('image-not-found');
  });

  test('an id of an image is never asked for at a registry', async () => {
    const registry = await Registry.start();
    await registry.add('app', '1');
    const { image } = await present({ reference: `${registry.host}/app:1` });
    const byId = await present({ reference: image.id, pull: 'always' });
    const { failure } = await failureOf({ reference: `sha256:${'0'.repeat(64)}` });
    expect(byId.image.id).toBe(image.id);
    expect(failure.hint).toContain('An image id cannot be pulled');
  });
});

describeOn('docker', 'platforms', () => {
  async function twoPlatforms() {
    const registry = await Registry.start();
    const amd64 = await registry.add('app', 'amd64');
    const arm64 = await registry.add('app', 'arm64', { architecture: 'arm64' });
    registry.addList('app', '1', { amd64, arm64 });
    return { registry, reference: `${registry.host}/app:1` };
  }

  test('--platform pulls for it, also where the image is there for another one', async () => {
    const { reference } = await twoPlatforms();
    const own = await present({ reference });
    const arm64 = await present({ reference, platform: 'linux/arm64' });
    const { Architecture } = await docker.getImage(arm64.image.id).inspect();
    expect(Architecture).toBe('arm64');
    expect(arm64.image.id).not.toBe(own.image.id);
    expect((await present({ reference, platform: 'linux/arm64' })).image.pulledMs).toBeNull();
  });

  test('an image for another platform is refused where nothing may be pulled', async () => {
    const { reference } = await twoPlatforms();
    await present({ reference });
    const { failure } = await failureOf({ reference, platform: 'linux/arm64', pull: 'never' });
    expect(failure.code).toBe('image-wrong-platform');
    expect(failure.message).toContain('for linux/arm64, found it for linux/amd64');
  });

  test('a platform that the registry does not have is said so', async () => {
    const { reference } = await twoPlatforms();
    const { failure } = await failureOf({ reference, platform: 'linux/s390x' });
    expect(failure.code).toBe('image-wrong-platform');
    expect(failure.message).toContain('there is none for linux/s390x');
  });

  test('an image that is not what it was pulled for is refused', async () => {
    const registry = await Registry.start();
    await registry.add('app', '1');
    const { failure } = await failureOf({
      reference: `${registry.host}/app:1`,
      platform: 'linux/arm64',
    });
    expect(failure.code).toBe('image-wrong-platform');
  });
});

describeOn('docker', 'private registries', () => {
  const schemes = ['basic', 'bearer'] as const;

  test.each(schemes)('a login of the Docker config is used (%s)', async (scheme) => {
    const registry = await Registry.start({ ...login, scheme });
    await registry.add('app', '1');
    await dockerConfig({ auths: { [registry.host]: { auth: basic } } });
    const { image, warnings } = await present({ reference: `${registry.host}/app:1` });
    expect(image.pulledMs).not.toBeNull();
    expect(warnings).toEqual([]);
  });

  test.each(schemes)('without a login it is denied, with the remedy (%s)', async (scheme) => {
    const registry = await Registry.start({ ...login, scheme });
    await registry.add('app', '1');
    await dockerConfig({});
    const { failure } = await failureOf({ reference: `${registry.host}/app:1` });
    expect(failure.code).toBe('image-access-denied');
    expect(failure.hint).toContain(`docker login ${registry.host}`);
  });

  test('a wrong login is denied and shown nowhere', async () => {
    const registry = await Registry.start({ ...login, scheme: 'basic' });
    await registry.add('app', '1');
    const wrong = Buffer.from('alice:not-the-passw0rd').toString('base64');
    await dockerConfig({ auths: { [registry.host]: { auth: wrong } } });
    registry.intervene = (call, response) => {
      if (!call.includes('/manifests/')) return false;
      refuse(response, 401, 'UNAUTHORIZED', `no: alice:not-the-passw0rd ${wrong}`);
      return true;
    };
    const { failure } = await failureOf({ reference: `${registry.host}/app:1` });
    expect(failure.code).toBe('image-access-denied');
    const said = `${failure.message} ${failure.hint ?? ''}`;
    expect(said).not.toContain('not-the-passw0rd');
    expect(said).not.toContain(wrong);
  });

  test('a credential helper is asked for the registry', async () => {
    const registry = await Registry.start({ ...login, scheme: 'basic' });
    await registry.add('app', '1');
    const folder = await dockerConfig({ credHelpers: { [registry.host]: 'sandbox-test' } });
    await addHelper(folder, [
      `test "$1 $(cat)" = "get ${registry.host}" || exit 1`,
      `echo '${JSON.stringify({ Username: login.username, Secret: login.password })}'`,
    ]);
    const { warnings } = await present({ reference: `${registry.host}/app:1` });
    expect(warnings).toEqual([]);
  });

  test('a helper that is missing is told, and a public image is pulled all the same', async () => {
    const registry = await Registry.start();
    await registry.add('app', '1');
    await dockerConfig({ credsStore: 'is-not-installed' });
    const { warnings } = await present({ reference: `${registry.host}/app:1` });
    expect(warnings).toEqual([
      'docker-credential-is-not-installed is not installed; pulling without a login',
    ]);
  });

  test('a helper that is missing is named where the image is private', async () => {
    const registry = await Registry.start({ ...login, scheme: 'basic' });
    await registry.add('app', '1');
    await dockerConfig({ credsStore: 'is-not-installed' });
    const { failure } = await failureOf({ reference: `${registry.host}/app:1` });
    expect(failure.code).toBe('image-access-denied');
    expect(failure.hint).toContain('docker-credential-is-not-installed is not installed');
  });

  async function addHelper(folder: string, lines: readonly string[]): Promise<void> {
    const path = join(folder, 'docker-credential-sandbox-test');
    await writeFile(path, ['#!/bin/sh', ...lines, ''].join('\n'));
    await chmod(path, 0o755);
    vi.stubEnv('PATH', `${folder}:${process.env.PATH ?? ''}`);
  }
});

describeOn('docker', 'pulls that fail', () => {
  test('an image and a tag that do not exist', async () => {
    const registry = await Registry.start();
    const { failure } = await failureOf({ reference: `${registry.host}/no/such:1` });
    expect(failure.code).toBe('image-not-found');
    expect(failure.message).toContain('has no such image or tag');
  });

  test('a registry that fails twice is asked again, and told', async () => {
    const registry = await Registry.start();
    await registry.add('app', '1');
    let left = 2;
    registry.intervene = (call, response) => {
      if (!call.startsWith('GET') || !call.includes('/manifests/') || left === 0) return false;
      left -= 1;
      response.writeHead(503).end();
      return true;
    };
    const { image, progress } = await present({ reference: `${registry.host}/app:1` });
    expect(image.pulledMs).not.toBeNull();
    const retries = progress.filter(({ kind }) => kind === 'retry');
    expect(retries).toHaveLength(2);
    expect(retries[0]).toMatchObject({ reason: expect.stringContaining('503') as string });
  });

  test('a registry that goes on failing is given up, and one that limits is not asked again', async () => {
    const registry = await Registry.start();
    let status = 503;
    registry.intervene = (call, response) => {
      if (!call.includes('/manifests/')) return false;
      if (status === 503) response.writeHead(503).end();
      else refuse(response, 429, 'TOOMANYREQUESTS');
      return true;
    };
    const reference = `${registry.host}/app:1`;
    const failing = await failureOf({ reference });
    status = 429;
    const limited = await failureOf({ reference });
    const retries = (progress: readonly { kind: string }[]) =>
      progress.filter(({ kind }) => kind === 'retry').length;
    expect(failing.failure.message).toContain('fails');
    expect(retries(failing.progress)).toBe(3);
    expect(limited.failure.message).toContain('limits how often it is asked');
    expect(retries(limited.progress)).toBe(0);
  });

  test('a registry that does not listen', async () => {
    // A port of the system's own that nobody uses: one that was given up may be somebody else's by now.
    const host = '127.0.0.1:1';
    const { failure } = await failureOf({ reference: `${host}/app:1` });
    expect(failure.message).toContain(`the engine does not reach ${host}`);
    expect(failure.hint).toContain('sandbox image load');
  });

  test('a registry that is too slow ends at --pull-timeout', async () => {
    const registry = await Registry.start();
    await registry.add('app', '1', { layer: 1_000_000 });
    // On a slow machine its time is over before the engine asks for it.
    const layer = registry.holdLayer();
    const reference = `${registry.host}/app:1`;
    const { failure } = await failureOf({ reference, pullTimeoutMs: 1_500 });
    await layer.finish();
    expect(failure.message).toContain('within 1.5 s (--pull-timeout)');
    await expectNone(reference);
  });

  test('Ctrl-C ends a pull at once, and nothing comes of it', async () => {
    const registry = await Registry.start();
    await registry.add('app', '1', { layer: 1_000_000 });
    const layer = registry.holdLayer();
    const { context, controller } = imageSurroundings();
    const reference = removedAfterwards(`${registry.host}/app:1`);
    const pulling = ensurePresent(api, { ...defaults, reference }, context);
    await layer.asked;
    controller.abort();
    await expect(pulling).rejects.toThrow();
    await layer.finish();
    await expectNone(reference);
  });

  async function expectNone(reference: string): Promise<void> {
    await expect(docker.getImage(reference).inspect()).rejects.toMatchObject({ statusCode: 404 });
  }
});

describeOn('docker', 'pulling for a run', () => {
  test('the receipt says that the image was pulled, and how long that took, once', async () => {
    const registry = await Registry.start();
    const busybox = await minimalArchive(await findBusybox(await engineArchitecture(), {}), false);
    const digest = await registry.add('tools', '1', { layer: await buffer(busybox) });
    const reference = removedAfterwards(`${registry.host}/tools:1`);
    const runs = [];
    for (const id of ['first', 'second']) {
      const workspace = await Workspace.create();
      const args = ['--image', reference, '--network', 'none', '--', 'echo', id];
      runs.push({ ...(await workspace.run(args)), image: (await workspace.receipt()).image });
    }
    const known = { reference, digest: `${registry.host}/tools@${digest}`, recipe: null };
    const [first, second] = runs;
    expect([first?.stdout, second?.stdout]).toEqual(['first\n', 'second\n']);
    expect(first?.stderr).toContain(`pulling ${reference}`);
    expect(second?.stderr).toBe('');
    expect(first?.image).toMatchObject({ ...known, origin: 'pulled', minimal: false });
    expect(first?.image?.preparedMs).toBeGreaterThan(0);
    expect(second?.image).toEqual({ ...first?.image, origin: 'present', preparedMs: null });
  });

  test('a login is in no message, no log and no receipt', async () => {
    const registry = await Registry.start({ ...login, scheme: 'basic' });
    const workspace = await Workspace.create();
    const wrong = Buffer.from('alice:not-the-passw0rd').toString('base64');
    const folder = await dockerConfig({ auths: { [registry.host]: { auth: wrong } } });
    const env = { DOCKER_CONFIG: folder, DEBUG: '*', SANDBOX_DEBUG: '1' };
    const args = ['--image', `${registry.host}/app:1`, '-v', '/etc/hostname:/h:ro', '--', 'true'];
    const { exitCode, stdout, stderr } = await workspace.run(args, { env });
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(125);
    expect(receipt.error?.code).toBe('image-access-denied');
    expect(stderr).toContain(`docker login ${registry.host}`);
    for (const text of [stdout, stderr, JSON.stringify(receipt)]) {
      expect(text).not.toContain('not-the-passw0rd');
      expect(text).not.toContain(wrong);
      expect(text).not.toMatch(/X-Registry-Auth/i);
    }
  });

  async function engineArchitecture(): Promise<string> {
    return (await docker.version()).Arch;
  }
});
