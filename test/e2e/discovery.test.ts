import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';
import { binPath } from '../helpers/cli.ts';
import { DockerConfig } from '../helpers/docker-config.ts';
import { describeOn } from '../helpers/engines.ts';
import { faultyEngine } from '../helpers/faulty-engine.ts';
import { listenOn } from '../helpers/listening.ts';
import { hasDockerCli, runs } from '../helpers/programs.ts';
import { capability } from '../helpers/simulation.ts';
import { Workspace } from '../helpers/workspace.ts';

const task = ['--network', 'none', '-c', 'echo ran; exit 7'];
const onDocker = ['--engine', 'docker', ...task];

/** The real engine at a socket of its own, so that the receipt tells which address was used. */
async function engineAt(path: string): Promise<string> {
  const engine = await faultyEngine(path);
  onTestFinished(engine.close);
  return `unix://${path}`;
}

/** A task that ran on the engine at an address. */
async function expectRan(workspace: Workspace, address: string, result: object) {
  const { engine, status } = await workspace.receipt();
  expect(engine).toMatchObject({ name: 'docker', address });
  expect(status).toBe('failed');
  expect(result).toMatchObject({ exitCode: 7, stdout: 'ran\n', stderr: '' });
}

interface Named {
  readonly args: string[];
  readonly env: Record<string, string>;
}

const levels = ['--host', '--context', 'DOCKER_HOST', 'DOCKER_CONTEXT', 'config.json'] as const;
type Level = (typeof levels)[number];

/** Names an address in each of these ways; a context has the name of the way. */
async function nameEngines(
  config: DockerConfig,
  addresses: ReadonlyMap<Level, string>,
): Promise<Named> {
  const args: string[] = [];
  const env: Record<string, string> = { DOCKER_CONFIG: config.path };
  for (const [level, address] of addresses) {
    const context = level.replaceAll(/\W/g, '');
    await config.addContext(context, { Host: address });
    if (level === '--host') args.push(level, address);
    else if (level === '--context') args.push(level, context);
    else if (level === 'DOCKER_HOST') env[level] = address;
    else if (level === 'DOCKER_CONTEXT') env[level] = context;
    else await config.use(context);
  }
  return { args, env };
}

describeOn('docker', 'which engine is used', () => {
  test.each(levels)('%s goes before all that stands below it', async (level) => {
    const workspace = await Workspace.create();
    const address = await engineAt(join(workspace.root, 'engine.sock'));
    const nowhere = `unix://${workspace.root}/nowhere.sock`;
    const below = levels.slice(levels.indexOf(level) + 1);
    const { args, env } = await nameEngines(
      await DockerConfig.create(join(workspace.root, 'config')),
      new Map([[level, address], ...below.map((each) => [each, nowhere] as const)]),
    );
    await expectRan(workspace, address, await workspace.run([...args, ...onDocker], { env }));
  });

  test.each(levels)(
    'what %s names is never passed over, and the message says so',
    async (level) => {
      const workspace = await Workspace.create();
      const nowhere = `unix://${workspace.root}/nowhere.sock`;
      const { args, env } = await nameEngines(
        await DockerConfig.create(join(workspace.root, 'config')),
        new Map([[level, nowhere]]),
      );
      const { exitCode, stderr } = await workspace.run([...args, ...onDocker], { env });
      expect(exitCode).toBe(125);
      expect(stderr).toMatch(new RegExp(`nothing answers at ${nowhere} \\(from .*${level}`));
      expect((await workspace.receipt()).error?.code).toBe('engine-not-found');
    },
  );

  test('without any of them it is the default socket, whatever else the Docker config says', async () => {
    const workspace = await Workspace.create();
    const config = await DockerConfig.create(join(workspace.root, 'config'));
    await config.write('{"auths": {}, "HttpHeaders": {"X": "y"}}');
    const env = { DOCKER_CONFIG: config.path };
    const result = await workspace.run(onDocker, { env });
    await expectRan(workspace, 'unix:///var/run/docker.sock', result);
  });

  test('without DOCKER_CONFIG the Docker config is that of the home directory', async () => {
    const workspace = await Workspace.create();
    const address = await engineAt(join(workspace.root, 'engine.sock'));
    const config = await DockerConfig.create(join(workspace.root, '.docker'));
    await config.addContext('mine', { Host: address });
    await config.use('mine');
    const result = await workspace.run(onDocker, { env: { HOME: workspace.root } });
    await expectRan(workspace, address, result);
  });

  test.skipIf(!hasDockerCli)('a context that the Docker CLI itself made and chose', async () => {
    const workspace = await Workspace.create();
    const address = await engineAt(join(workspace.root, 'engine.sock'));
    const config = await DockerConfig.create(join(workspace.root, 'config'));
    await config.docker(['context', 'create', 'own', '--docker', `host=${address}`]);
    await config.docker(['context', 'use', 'own']);
    const result = await workspace.run(onDocker, { env: { DOCKER_CONFIG: config.path } });
    await expectRan(workspace, address, result);
  });

  test.each(['--context', 'DOCKER_CONTEXT', 'config.json'] as const)(
    'the context "default" by %s is the default socket',
    async (level) => {
      const workspace = await Workspace.create();
      const config = await DockerConfig.create(join(workspace.root, 'config'));
      // A context of this name cannot be made; if it could, it would not be looked at.
      await config.addContext('default', { Host: 'unix:///nowhere.sock' });
      await config.addContext('other', { Host: 'unix:///nowhere.sock' });
      await config.use(level === 'config.json' ? 'default' : 'other');
      const args = level === '--context' ? [level, 'default'] : [];
      const byVariable = level === 'DOCKER_CONTEXT' ? { [level]: 'default' } : {};
      const env = { DOCKER_CONFIG: config.path, ...byVariable };
      const result = await workspace.run([...args, ...onDocker], { env });
      await expectRan(workspace, 'unix:///var/run/docker.sock', result);
    },
  );

  test.each(['--context', 'DOCKER_CONTEXT', 'config.json'] as const)(
    'a context that %s names and that is not there is exit 125, though the default socket answers',
    async (level) => {
      const workspace = await Workspace.create();
      const config = await DockerConfig.create(join(workspace.root, 'config'));
      if (level === 'config.json') await config.use('gone');
      const args = level === '--context' ? [level, 'gone'] : [];
      const byVariable = level === 'DOCKER_CONTEXT' ? { [level]: 'gone' } : {};
      const env = { DOCKER_CONFIG: config.path, ...byVariable };
      const { exitCode, stdout, stderr } = await workspace.run([...args, ...task], { env });
      const { status, error } = await workspace.receipt();
      expect(exitCode).toBe(125);
      expect(stdout).toBe('');
      expect(stderr).toContain(`${level} names the Docker context "gone", and there is none`);
      expect(stderr).toContain('docker context ls');
      expect({ status, code: error?.code }).toEqual({
        status: 'not-started',
        code: 'config-unreadable',
      });
    },
  );

  test.each(['{"currentContext": ', '[]', '{"currentContext": 1}', ''])(
    'a config.json that cannot be used is exit 125, and is not looked at where --host is given: %j',
    async (text) => {
      const workspace = await Workspace.create();
      const config = await DockerConfig.create(join(workspace.root, 'config'));
      await config.write(text);
      const env = { DOCKER_CONFIG: config.path };
      // One receipt for both; ids are one for all on an engine, and other tests run tasks there, too.
      const id = ['--id', `config-${process.pid}`];
      const { exitCode, stdout, stderr } = await workspace.run([...id, ...task], { env });
      const { error } = await workspace.receipt();
      expect(exitCode).toBe(125);
      expect(stdout).toBe('');
      expect(stderr).toContain(`cannot use ${config.path}/config.json: `);
      expect(stderr).toContain('name the engine with --host');
      expect(error?.code).toBe('config-unreadable');

      const address = await engineAt(join(workspace.root, 'engine.sock'));
      const args = [...id, '--host', address, ...onDocker];
      await expectRan(workspace, address, await workspace.run(args, { env }));
    },
  );

  test.each(['{', '[]', '{}', '{"Endpoints": {"docker": {}}}'])(
    'a context without a usable address is exit 125: %j',
    async (text) => {
      const workspace = await Workspace.create();
      const config = await DockerConfig.create(join(workspace.root, 'config'));
      const path = await config.addContext('broken', { Host: 'unix:///nowhere.sock' });
      await writeFile(path, text);
      const env = { DOCKER_CONFIG: config.path };
      const { exitCode, stderr } = await workspace.run(['--context', 'broken', ...task], { env });
      expect(exitCode).toBe(125);
      expect(stderr).toContain(path);
      expect((await workspace.receipt()).error?.code).toBe('config-unreadable');
    },
  );
});

/** The machine without its default socket; what a test puts elsewhere is there. */
const withoutRun = [
  ...['unshare', '--mount', '--propagation', 'private'],
  ...['sh', '-c', 'mount -t tmpfs none /run && exec "$@"', 'sh'],
];
const canHideRun = await runs(withoutRun[0] ?? '', [...withoutRun.slice(1), 'true']);

describeOn('docker', 'the usual sockets, where the default one is missing', () => {
  async function runWithoutDefault(workspace: Workspace, env: Record<string, string>) {
    const [program = '', ...args] = [...withoutRun, binPath, 'run', ...onDocker];
    const own = { HOME: workspace.root, XDG_CONFIG_HOME: '/nonexistent', ...env };
    const inherited = { PATH: process.env.PATH ?? '' };
    const options = { cwd: workspace.path, env: { ...inherited, ...own }, extendEnv: false };
    return await execa(program, args, {
      ...options,
      input: '',
      reject: false,
      stripFinalNewline: false,
    });
  }

  test.skipIf(!canHideRun).each([
    ['rootless Docker', 'run/docker.sock'],
    ['CONTAINER_HOST', 'elsewhere/podman.sock'],
    ['rootless Podman', 'run/podman/podman.sock'],
    ['Docker Desktop', '.docker/run/docker.sock'],
  ])('%s is found', async (name, place) => {
    const workspace = await Workspace.create();
    const path = join(workspace.root, place);
    await mkdir(dirname(path), { recursive: true });
    const address = await engineAt(path);
    const env = {
      XDG_RUNTIME_DIR: join(workspace.root, 'run'),
      ...(name === 'CONTAINER_HOST' ? { [name]: address } : {}),
    };
    await expectRan(workspace, address, await runWithoutDefault(workspace, env));
  });

  test.skipIf(!canHideRun)('one that nobody listens at is passed over for the next', async () => {
    const workspace = await Workspace.create();
    await mkdir(join(workspace.root, 'run/podman'), { recursive: true });
    await deadSocket(join(workspace.root, 'run/docker.sock'));
    const address = await engineAt(join(workspace.root, 'run/podman/podman.sock'));
    const env = { XDG_RUNTIME_DIR: join(workspace.root, 'run') };
    await expectRan(workspace, address, await runWithoutDefault(workspace, env));
  });
});

/** A socket whose owner has died. */
async function deadSocket(path: string): Promise<void> {
  const server = await listenOn(createServer(), { path: `${path}.alive` });
  await rename(`${path}.alive`, path);
  await server.close();
}

describe('where nothing is installed or running', () => {
  const nowhere = [
    ['a socket that is not there', (path: string) => Promise.resolve(`unix://${path}`)],
    [
      'a socket that nobody listens at',
      async (path: string) => {
        await deadSocket(path);
        return `unix://${path}`;
      },
    ],
    // A port of the system's own that nobody uses.
    ['a port that refuses', () => Promise.resolve('tcp://127.0.0.1:1')],
  ] as const;

  async function nowhereEnv(workspace: Workspace, make: (typeof nowhere)[number][1]) {
    return { DOCKER_HOST: await make(join(workspace.root, 'engine.sock')) };
  }

  test.each(nowhere)('%s: the task runs in simulation, with one warning', async (_, make) => {
    const workspace = await Workspace.create();
    const env = await nowhereEnv(workspace, make);
    const { exitCode, stdout, stderr } = await workspace.run(['-c', 'echo ran; exit 7'], { env });
    const { engine, isolation, status, image } = await workspace.receipt();
    expect({ exitCode, stdout, status }).toEqual({
      exitCode: 7,
      stdout: 'ran\n',
      status: 'failed',
    });
    expect(stderr).toMatch(/^sandbox: warning: no Docker engine found \(.*\n$/);
    expect(stderr).toContain(`nothing answers at ${env.DOCKER_HOST} (from DOCKER_HOST)`);
    expect(stderr).toContain(`running in simulation, isolation: ${capability.level} (`);
    expect(stderr).toContain('--isolation container');
    expect(engine?.name).toBe('simulation');
    expect(isolation).toMatchObject({ level: capability.level, simulated: true });
    expect(isolation.notEnforced).toContain('image');
    expect(image).toBeNull();
  });

  test.each(nowhere)('%s: -q says nothing, the receipt all the same', async (_, make) => {
    const workspace = await Workspace.create();
    const env = await nowhereEnv(workspace, make);
    const { exitCode, stderr } = await workspace.run(['-q', '--', 'true'], { env });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect((await workspace.receipt()).isolation.simulated).toBe(true);
  });

  test.each(nowhere)('%s: with --engine docker nothing runs', async (_, make) => {
    const workspace = await Workspace.create();
    const env = await nowhereEnv(workspace, make);
    const args = ['--engine', 'docker', '--', 'touch', 'ran'];
    const { exitCode, stderr } = await workspace.run(args, { env });
    const { status, error, isolation, engine } = await workspace.receipt();
    expect(exitCode).toBe(125);
    expect(stderr).toContain(`no Docker engine found (nothing answers at ${env.DOCKER_HOST}`);
    expect(stderr).toContain('Check DOCKER_HOST, and that the engine runs.');
    expect({ status, code: error?.code, engine }).toEqual({
      status: 'not-started',
      code: 'engine-not-found',
      engine: null,
    });
    expect(isolation.level).toBeNull();
    await expect(stat(join(workspace.path, 'ran'))).rejects.toThrow('ENOENT');
  });

  test.each(nowhere)('%s: with --isolation container nothing runs', async (_, make) => {
    const workspace = await Workspace.create();
    const env = await nowhereEnv(workspace, make);
    const args = ['--isolation', 'container', '--', 'touch', 'ran'];
    const { exitCode, stderr } = await workspace.run(args, { env });
    const { status, error } = await workspace.receipt();
    expect(exitCode).toBe(125);
    expect(stderr).toContain(
      `--isolation container was asked for, and this is only "${capability.level}"`,
    );
    expect(stderr).toContain(env.DOCKER_HOST);
    expect(stderr).not.toContain('warning');
    expect({ status, code: error?.code }).toEqual({
      status: 'not-started',
      code: 'isolation-too-low',
    });
    await expect(stat(join(workspace.path, 'ran'))).rejects.toThrow('ENOENT');
  });
});
