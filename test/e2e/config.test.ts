import { execa } from 'execa';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { binPath, runCli } from '../helpers/cli.ts';
import { describeOn } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

interface Shown {
  readonly settings: Readonly<Record<string, { readonly value: unknown; readonly origin: string }>>;
}

async function writeProject(workspace: Workspace, config: unknown): Promise<string> {
  const path = join(workspace.path, 'sandbox.config.json');
  await writeFile(path, typeof config === 'string' ? config : JSON.stringify(config));
  return path;
}

async function writeUser(workspace: Workspace, config: unknown) {
  const directory = join(workspace.root, 'xdg/sandbox');
  await mkdir(directory, { recursive: true });
  const path = join(directory, 'sandbox.config.json');
  await writeFile(path, JSON.stringify(config));
  return { path, env: { XDG_CONFIG_HOME: join(workspace.root, 'xdg') } };
}

test('a variable whose name is mistyped is told once, unless only errors are to be', async () => {
  const workspace = await Workspace.create();
  const env = { SANDBOX_MEMROY: '1g', SANDBOX_PROJECT: 'mine' };
  const at = { cwd: workspace.path, env };
  const warning = 'sandbox: warning: SANDBOX_MEMROY is not read, did you mean SANDBOX_MEMORY?\n';
  expect((await runCli(['config'], at)).stderr).toBe(warning);
  const run = ['run', '--dry-run', '--engine', 'simulation', '--', 'true'];
  expect((await runCli(run, at)).stderr).toBe(warning);
  expect((await runCli(['run', '-q', ...run.slice(1)], at)).stderr).toBe('');
  expect((await runCli(['completion', 'bash'], at)).stderr).toBe('');
});

test.each(['config', 'ps', 'receipt ls'])(
  '%s on a full disk has an exit code that its help names',
  async (command) => {
    const workspace = await Workspace.create();
    const line = `exec "$0" ${command} --json --engine simulation > /dev/full`;
    const args = [
      '-c',
      command === 'ps' ? line : line.replace(' --engine simulation', ''),
      binPath,
    ];
    const { exitCode, stderr } = await execa('sh', args, { cwd: workspace.path, reject: false });
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('cannot write to standard output') as unknown,
    });
    const help = await runCli([...command.split(' '), '--help'], { cwd: workspace.path });
    expect(help.stdout).toMatch(/^ +125 +standard output could not be written/m);
  },
);

describe('settings', () => {
  test('every effective value is printed with where it came from', async () => {
    const workspace = await Workspace.create();
    const { path: userPath, env: userEnv } = await writeUser(workspace, { memory: '1g', cpus: 2 });
    const projectPath = await writeProject(workspace, { memory: '256m', pidsLimit: 64 });
    const env = { ...userEnv, SANDBOX_PIDS_LIMIT: '32', DOCKER_TIMEOUT_SECONDS: '77' };
    const args = ['config', '--json', '--kill-after', '1s'];
    const { stdout, exitCode } = await runCli(args, { cwd: workspace.path, env });
    const { settings } = JSON.parse(stdout) as Shown;
    expect(exitCode).toBe(0);
    expect(settings.cpus).toEqual({ value: 2, origin: `${userPath}: cpus` });
    expect(settings.memory).toEqual({ value: 268_435_456, origin: `${projectPath}: memory` });
    expect(settings.pidsLimit).toEqual({ value: 32, origin: 'SANDBOX_PIDS_LIMIT' });
    expect(settings.timeout).toEqual({ value: 77_000, origin: 'DOCKER_TIMEOUT_SECONDS' });
    expect(settings.killAfter).toEqual({ value: 1000, origin: '--kill-after' });
    expect(settings.network).toEqual({ value: 'isolated', origin: 'default' });
    const table = await runCli(['config'], { cwd: workspace.path, env });
    expect(table.stdout).toMatch(/^SETTING +VALUE +FROM\n/);
    expect(table.stdout).toMatch(/^memory +256m +.*sandbox\.config\.json: memory$/m);
  });

  test.each([
    [{ memory: '1g' }, 'memory'],
    [{ timeout: 0 }, 'timeout'],
    [{ network: 'egress' }, 'network'],
    [{ writableRoot: true }, 'writableRoot'],
    [{ engine: 'simulation' }, 'engine'],
    [{ user: 'root' }, 'user'],
    [{ receiptDir: '/tmp' }, 'receiptDir'],
    [{ mounts: ['type=bind,source=/srv,target=/srv'] }, 'mounts'],
  ])('a project cannot give itself more by %j', async (config, key) => {
    const workspace = await Workspace.create();
    await writeProject(workspace, config);
    const { exitCode, stderr } = await workspace.run(['--', 'true']);
    expect(exitCode).toBe(125);
    expect(stderr).toContain(`sandbox.config.json: ${key}`);
  });

  test('a project cannot lower the isolation that the caller asks for', async () => {
    const workspace = await Workspace.create();
    await writeProject(workspace, { isolation: 'none', engine: 'simulation' });
    const env = { SANDBOX_ISOLATION: 'container' };
    const { exitCode, stderr } = await workspace.run(['--', 'true'], { env });
    expect(exitCode).toBe(125);
    expect(stderr).toContain('sandbox.config.json: engine');
  });

  test.each([
    ['{"memroy": "1g"}', 'unknown key "memroy"'],
    ['{"memory": ', 'it is not JSON'],
    ['{"memory": ["1g"]}', '"memory": expected'],
    ['[]', 'expected an object'],
    ['null', 'expected'],
  ])('the config file %j stops the run', async (text, message) => {
    const workspace = await Workspace.create();
    await writeProject(workspace, text);
    const { exitCode, stderr, stdout } = await workspace.run(['--', 'echo', 'ran']);
    expect(exitCode).toBe(125);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
  });

  test('a config file that a task planted as a link or a pipe is refused, not followed', async () => {
    const workspace = await Workspace.create();
    await symlink('/etc/passwd', join(workspace.path, 'sandbox.config.json'));
    const link = await workspace.run(['--', 'true']);
    expect(link.exitCode).toBe(125);
    expect(link.stderr).not.toContain('root:');
    const other = await Workspace.create();
    await execa('mkfifo', [join(other.path, 'sandbox.config.json')]);
    expect((await other.run(['--', 'true'])).exitCode).toBe(125);
  });
});

describeOn('docker', 'settings take effect', () => {
  test('a dry run starts nothing and prints a docker run line that does the same', async () => {
    const workspace = await Workspace.create('with space, and comma');
    const line =
      'echo "$A"; echo "it\'s"; touch made; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null';
    const image = ['--image', 'debian:bookworm-slim'];
    const args = [...image, '-m', '48m', '-e', 'A=1 2', '--tmpfs', '/x', '-c', line];
    const dry = await workspace.run(['--dry-run', ...args]);
    expect(dry.exitCode).toBe(0);
    expect(await workspace.receiptNames()).toEqual([]);
    const real = await workspace.run(args);
    // Standard output is what a program reads, and the line what a person does.
    expect(JSON.parse(dry.stdout)).toMatchObject({ limits: { memoryBytes: 48 * 1024 ** 2 } });
    const shown = dry.stderr.split('\n').find((candidate) => candidate.startsWith('docker run'));
    const byHand = await execa('sh', ['-c', shown ?? 'false'], {
      stripFinalNewline: false,
      reject: false,
    });
    expect(byHand.exitCode).toBe(real.exitCode);
    expect(real.stdout).toBe("1 2\nit's\n50331648\n");
    expect(byHand.stdout).toBe(real.stdout);
  });
});
