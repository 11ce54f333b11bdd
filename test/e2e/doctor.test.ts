import { chmod, mkdir, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CheckRow } from '../../src/doctor/check.ts';
import { binPath, runCli } from '../helpers/cli.ts';
import { writeProfile } from '../helpers/built-images.ts';
import { describeOn, docker } from '../helpers/engines.ts';
import { type FaultOf, faultyEngine, freeze, respond } from '../helpers/faulty-engine.ts';
import { removedAfterwards } from '../helpers/image-surroundings.ts';
import { listenOn } from '../helpers/listening.ts';
import { makeImage } from '../helpers/made-images.ts';
import { Workspace } from '../helpers/workspace.ts';

interface Report {
  readonly ok: boolean;
  readonly checks: readonly CheckRow[];
}

/** `sandbox doctor --json` in a workspace of its own. */
async function doctor(args: readonly string[] = [], env: Record<string, string> = {}) {
  const workspace = await Workspace.create();
  const result = await runCli(['doctor', '--json', ...args], { cwd: workspace.path, env });
  const report = JSON.parse(result.stdout) as Report;
  expect(result).toMatchObject({ exitCode: report.ok ? 0 : 1, stderr: '' });
  return { ...result, workspace, report, checkNamed: named(report) };
}

/** What people see. */
async function shown(args: readonly string[] = [], env: Record<string, string> = {}) {
  const { path } = await Workspace.create();
  return await runCli(['doctor', ...args], { cwd: path, env });
}

function named({ checks }: Report) {
  return (name: string) => {
    const found = checks.find((check) => check.name === name);
    if (!found) throw new Error(`no check "${name}"`);
    return found;
  };
}

async function engineWith(faultOf: FaultOf): Promise<string> {
  const { root } = await Workspace.create();
  const path = join(root, 'engine.sock');
  const engine = await faultyEngine(path, faultOf);
  onTestFinished(engine.close);
  return `unix://${path}`;
}

describeOn('docker', 'doctor', () => {
  test('passes where all is well, and leaves nothing', async () => {
    const { stdout } = await shown();
    expect(stdout).toMatch(/^(✓ .*\n){9}✓ All pre-flight checks passed\n$/);
    const { exitCode, report, workspace } = await doctor();
    expect({ exitCode, ok: report.ok }).toEqual({ exitCode: 0, ok: true });
    expect(report.checks.map(({ name }) => name)).toEqual([
      'engine',
      'socket',
      'clock',
      'image',
      'network',
      'receipts',
      'disk',
      'hello',
      'isolation',
    ]);
    expect(await readdir(workspace.root)).toEqual(['app']);
    expect(await readdir(workspace.path)).toEqual([]);
    const left = await docker.listContainers({ all: true });
    expect(
      left.filter(({ Mounts }) => Mounts.some(({ Source }) => Source === workspace.path)),
    ).toEqual([]);
  });

  test('refuses less isolation than was asked for, by flag and by variable', async () => {
    const byFlag = await doctor(['--isolation', 'vm']);
    const byVariable = await doctor([], { SANDBOX_ISOLATION: 'vm' });
    for (const { exitCode, checkNamed } of [byFlag, byVariable]) {
      expect(exitCode).toBe(1);
      expect(checkNamed('isolation').finding).toContain('vm was asked for');
    }
    const { stdout } = await shown(['--isolation', 'vm']);
    expect(stdout).toMatch(/✗ isolation .*\n.*→ .*\n✗ 1 of 9 checks failed\n$/);
  });

  test('names an image that can neither be found nor pulled', async () => {
    const { exitCode, checkNamed } = await doctor(['--image', 'localhost:1/missing:1']);
    expect(exitCode).toBe(1);
    expect(checkNamed('image')).toMatchObject({ ok: false });
    expect(checkNamed('image').remedy).toContain('--image');
    expect(checkNamed('hello')).toMatchObject({
      ok: false,
      finding: 'not checked, because of: image',
    });
    expect(checkNamed('network').ok).toBe(true);
  });

  test('a stand-in is called one, with what says why', async () => {
    const { root } = await Workspace.create();
    const [name, base] = ['test-doctor-stand-in', 'sandbox-test-none:1'];
    const env = await writeProfile(root, { name, description: 'x', base });
    const build = ['image', 'build', '--minimal', '-q', name];
    removedAfterwards((await runCli(build, { cwd: root, env })).stdout.trim());
    const asked = { ...env, SANDBOX_PULL: 'never' };
    const { exitCode, checkNamed } = await doctor(['--profile', name], asked);
    expect(exitCode).toBe(0);
    expect(checkNamed('image').finding).toMatch(
      /^sandbox-test-doctor-stand-in:minimal \(.*stand-in/,
    );
    expect(checkNamed('image').remedy).toContain(`sandbox image build ${name}`);
  });

  test('an image without a shell is no failure, nor is it seen to work', async () => {
    const image = `sandbox-test-no-shell:${process.pid}`;
    const remove = await makeImage(image, [{ path: 'program', content: 'x', mode: 0o755 }]);
    onTestFinished(remove);
    const { exitCode, checkNamed } = await doctor(['--image', image]);
    expect(exitCode).toBe(0);
    expect(checkNamed('hello')).toMatchObject({ ok: true, checked: false });
    expect(checkNamed('hello').finding).toContain('has no sh');
    expect(checkNamed('isolation').finding).toBe('container');
    const { stdout } = await shown(['--image', image]);
    expect(stdout).toMatch(
      /\n– hello .*\n.*\n✓ All pre-flight checks passed, 1 could not be made\n$/,
    );
  });

  test('names a network that is not there', async () => {
    const { exitCode, checkNamed } = await doctor(['--network', 'no-such-network']);
    expect(exitCode).toBe(1);
    expect(checkNamed('network').finding).toContain('no-such-network');
    expect(checkNamed('network').remedy).toContain('docker network create');
  });

  test('measures the clock of the engine', async () => {
    const info = JSON.stringify({ ...(await docker.info()), SystemTime: '2020-01-01T00:00:00Z' });
    const host = await engineWith((call) => (call.endsWith('/info') ? respond(200, info) : null));
    const { exitCode, checkNamed } = await doctor(['--host', host]);
    expect(exitCode).toBe(1);
    expect(checkNamed('clock')).toMatchObject({ ok: false });
    expect(checkNamed('hello').ok).toBe(true);
  });

  test('notices an engine whose tasks do not run', async () => {
    const refusal = respond(500, JSON.stringify({ message: 'no space left on device' }));
    const host = await engineWith((call) => (call.includes('/containers/create') ? refusal : null));
    const { exitCode, checkNamed, workspace } = await doctor(['--host', host]);
    expect(exitCode).toBe(1);
    expect(checkNamed('hello').finding).toContain('no space left on device');
    expect(await readdir(workspace.root)).toEqual(['app']);
  });

  test.each(['/info', '/images/', '/networks', '/wait'])(
    'is not held up by a freeze of %s',
    async (path) => {
      const host = await engineWith((call) => (call.includes(path) ? freeze : null));
      const { exitCode, report } = await doctor(['--host', host, '--network', 'egress']);
      expect(exitCode).toBe(1);
      const findings = report.checks.map(({ finding }) => finding);
      expect(findings.join('\n')).toMatch(/answer/);
    },
  );

  test('a socket without permission has a remedy of its own', async () => {
    const { root } = await Workspace.create();
    const path = join(root, 'engine.sock');
    const server = await listenOn(createServer(), { path });
    onTestFinished(server.close);
    await chmod(path, 0o600);
    await chmod(root, 0o755);
    const cwd = join(root, 'mine');
    await mkdir(cwd, { mode: 0o777 });
    await chmod(cwd, 0o777);
    const user = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
    const args = ['doctor', '--json', '--host', `unix://${path}`];
    const env = { PATH: process.env.PATH ?? '', SANDBOX_RECEIPT_DIR: '/tmp' };
    const result = await execa('setpriv', [...user, binPath, ...args], {
      cwd,
      env,
      extendEnv: false,
      reject: false,
    });
    const checkNamed = named(JSON.parse(result.stdout) as Report);
    expect(result.exitCode).toBe(1);
    expect(checkNamed('socket').remedy).toMatch(/usermod|rootless/);
    expect(checkNamed('engine').finding).toBe('not checked, because of: socket');
  });

  test('--prove shows what was tried, what must happen and what did', async () => {
    const { path } = await Workspace.create();
    const args = ['doctor', '--prove', '--probe', 'capabilities', '--probe', 'mount'];
    const { exitCode, stdout } = await runCli(args, { cwd: path });
    expect(exitCode).toBe(0);
    expect(stdout.match(/tried: .*\n.*must: .*\n.*result: held: \d+ attempts/g)).toHaveLength(2);
    expect(stdout).toContain('held: 2, failed: 0');
  });

  test('--prove fails where a probe cannot be run', async () => {
    const { path } = await Workspace.create();
    const name = `localhost/no-perl:${process.pid}`;
    await execa('docker', ['build', '--tag', name, '-'], {
      input: 'FROM debian:bookworm-slim\nRUN rm -f /usr/bin/perl*\n',
    });
    onTestFinished(async () => {
      await docker.getImage(name).remove();
    });
    const args = ['doctor', '--prove', '--image', name, '--probe', 'mount', '--probe', 'core-dump'];
    const { exitCode, stdout } = await runCli(args, { cwd: path });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/✗ mount(.*\n){3}/);
    expect(stdout).toContain('not proven: ');
    expect(stdout).toContain('held: 1, failed: 1');
  });

  test('--prove tries nothing below the isolation that was asked for', async () => {
    const { path } = await Workspace.create();
    const { exitCode, stdout, stderr } = await runCli(
      ['doctor', '--prove', '--isolation', 'vm', '--probe', 'mount'],
      { cwd: path },
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain('this is only "container"');
  });
});

describeOn('docker', 'doctor that is interrupted', () => {
  test.each([[[]], [['--prove']]])('%j gives no verdict', async (args) => {
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const host = await engineWith((call) => {
      if (call.includes('/wait?')) begin();
      return null;
    });
    const { path } = await Workspace.create();
    const child = execa(binPath, ['doctor', '--host', host, ...args], { cwd: path, reject: false });
    await begun;
    child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await child;
    expect({ exitCode, stderr }).toEqual({
      exitCode: 130,
      stderr: 'sandbox: interrupted by SIGINT',
    });
    expect(stdout).not.toMatch(/✗|BROKEN|failed/);
  });
});

describe('doctor without an engine', () => {
  test('fails with a remedy, although tasks would run in simulation', async () => {
    const nowhere = { DOCKER_HOST: 'unix:///nonexistent/engine.sock' };
    const { exitCode, checkNamed } = await doctor([], nowhere);
    expect(exitCode).toBe(1);
    expect(checkNamed('engine')).toMatchObject({ ok: false });
    expect(checkNamed('engine').remedy).toContain('--engine simulation');
    expect(checkNamed('receipts').ok).toBe(true);
    const { stdout } = await shown([], nowhere);
    expect(stdout).toMatch(/✗ engine .*\n +→ /);
    expect(stdout).toMatch(/\n✗ 1 of 9 checks failed, 6 could not be made\n$/);
  });

  test('passes where simulation is what was asked for, and says what it is', async () => {
    const { exitCode, checkNamed, report } = await doctor(['--engine', 'simulation']);
    expect({ exitCode, ok: report.ok }).toEqual({ exitCode: 0, ok: true });
    expect(checkNamed('engine').finding).toContain('simulation');
    expect(checkNamed('isolation').finding).toMatch(/^(none|namespace)/);
  });

  test('a simulation is no container', async () => {
    const { exitCode, checkNamed } = await doctor([
      '--engine',
      'simulation',
      '--isolation',
      'container',
    ]);
    expect(exitCode).toBe(1);
    expect(checkNamed('isolation')).toMatchObject({ ok: false });
  });

  test('is not held up by an engine that never answers', async () => {
    const { root } = await Workspace.create();
    const path = join(root, 'dead.sock');
    const server = await listenOn(
      createServer(() => undefined),
      { path },
    );
    onTestFinished(server.close);
    const { exitCode, checkNamed } = await doctor(['--host', `unix://${path}`]);
    expect(exitCode).toBe(1);
    expect(checkNamed('engine').finding).toContain('answered within');
    expect(checkNamed('socket').finding).toBe('not checked, because of: engine');
  });

  test('a receipt directory that cannot be written to fails', async () => {
    const { checkNamed, exitCode } = await doctor(['--engine', 'simulation'], {
      SANDBOX_RECEIPT_DIR: '/dev/null/nowhere',
    });
    expect(exitCode).toBe(1);
    expect(checkNamed('receipts')).toMatchObject({ ok: false });
    expect(checkNamed('hello').finding).toBe('not checked, because of: receipts');
  });

  test.each([
    [['--nonsense'], '--nonsense'],
    [['now'], 'expected options only'],
    [['--engine', 'magic'], '--engine'],
    [['--probe', 'mount'], 'expected --prove'],
    [['--prove', '--probe', 'magic'], 'expected one of'],
    [['--prove', '--probe', 'core-dmp'], 'did you mean core-dump?'],
    [['--profile', 'docker-host'], 'add --allow-nested-docker'],
    [['--allow-nested-docker'], 'expected --profile docker-host with it'],
    [['--prove', '--profile', 'docker-host', '--allow-nested-docker'], 'promises nothing'],
  ])('wrong usage is told as such: %j', async (args, expected) => {
    const { path } = await Workspace.create();
    const { exitCode, stdout, stderr } = await runCli(['doctor', ...args], { cwd: path });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(expected);
    expect(stderr).toContain('See: sandbox doctor --help');
  });
});
