import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type Options, execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { commandNames } from '../../src/cli/commands.ts';
import { binaryPath, buildBinary } from '../helpers/build.ts';
import { binPath, projectRoot } from '../helpers/cli.ts';
import { describeOn, describeOnEach } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

/** Whatever else is the program under test: here it is always dist/sandbox, and nothing is in the environment. */
async function run(args: readonly string[], { program = binaryPath, ...options }: Started) {
  const { exitCode, stdout, stderr } = await execa(program, args, {
    extendEnv: false,
    env: {},
    input: '',
    reject: false,
    stripFinalNewline: false,
    ...options,
  });
  return { exitCode, stdout: String(stdout), stderr: String(stderr) };
}

interface Started extends Options {
  readonly cwd: string;
  readonly program?: string;
}

/** A read-only copy alone in a directory, and an empty directory to work in. */
async function lonely() {
  const workspace = await Workspace.create();
  const directory = join(workspace.root, 'elsewhere');
  const program = join(directory, 'sandbox');
  await mkdir(directory);
  await copyFile(binaryPath, program);
  await chmod(program, 0o555);
  return { workspace, program, cwd: workspace.path };
}

// The binary is built already where it is the program under test.
beforeAll(async () => {
  if (binPath !== binaryPath) await buildBinary();
});

describe('the single binary', () => {
  test('names its version, its commit and the Node that is in it', async () => {
    const read = async (path: string) =>
      JSON.parse(await readFile(join(projectRoot, path), 'utf8')) as Manifest;
    const { version } = await read('package.json');
    const pin = process.platform === 'linux' ? 'lts' : 'current';
    const { optionalDependencies } = await read(`scripts/nodes/${pin}/package.json`);
    const [node = ''] = new Set(Object.values(optionalDependencies));
    const git = await execa('git', ['rev-parse', '--short', 'HEAD'], { cwd: projectRoot });
    const { stdout, stderr } = await run(['--version'], { cwd: '/' });
    expect([stdout, stderr]).toEqual([`sandbox ${version} (${git.stdout}), Node ${node}\n`, '']);
  });

  test('needs no other file, no PATH and no HOME', async () => {
    const { program, cwd } = await lonely();
    const { stdout, exitCode, stderr } = await run(['profile', 'ls'], { program, cwd });
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('base');
  });

  test('starts by a relative path and by a symbolic link', async () => {
    const { path: cwd, root } = await Workspace.create();
    const link = join(root, 'another-name');
    await symlink(binaryPath, link);
    for (const program of [relative(cwd, binaryPath), '../another-name', link]) {
      const { stdout, exitCode } = await run(['--version'], { program, cwd });
      expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^sandbox \d/)]);
    }
  });

  test.each([
    ['--help'],
    ...commandNames.map((name) => [`${name} --help`]),
    ['profile ls'],
    ['profile show tester --json'],
    ['config --json'],
    ['run --dry-run --profile builder --engine docker --id x -- make'],
    ['run --memory much -- true'],
    // Without a "--" before it Node would have looked for the file, and ended.
    ['run --env-file missing.env true'],
    ['run --engine simulation -q echo --env-file=missing.env'],
    ['no-such-word'],
  ])('says what bin/sandbox.js says: %s', async (line) => {
    const { path: cwd } = await Workspace.create();
    const args = line.split(' ');
    const script = join(projectRoot, 'bin/sandbox.js');
    const env = { PATH: process.env.PATH ?? '' };
    const expected = await run(args, { cwd, env, program: script });
    expect(await run(args, { cwd, env })).toEqual(expected);
  });

  test('no option of Node’s is Node’s to read, wherever it stands', async () => {
    const { path: cwd } = await Workspace.create();
    const words = ['--inspect', '--env-file=none', '--require=./none.cjs', '-e', '1', '--version'];
    const args = ['run', '--engine', 'simulation', '-q', '--', '/bin/echo', ...words];
    const { stdout, stderr } = await run(args, { cwd });
    expect([stdout, stderr]).toEqual([`${words.join(' ')}\n`, '']);
    for (const word of ['--inspect', '-e', '--build-sea', '--node-options=--inspect']) {
      const { exitCode, stderr } = await run([word, '1'], { cwd });
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`got "${word}"`)]);
    }
  });

  test('nobody’s NODE_OPTIONS are run, neither the caller’s nor those of a task’s variable file', async () => {
    const { path: cwd, root } = await Workspace.create();
    await writeFile(join(root, 'inject.cjs'), 'console.log("injected")');
    const options = `--require=${root}/inject.cjs`;
    await writeFile(join(root, 'task.env'), `NODE_OPTIONS=${options}\n`);
    const task = ['/bin/sh', '-c', 'echo "$NODE_OPTIONS"'];
    const args = [
      'run',
      '--engine',
      'simulation',
      '-q',
      '--env-file',
      '../task.env',
      '--',
      ...task,
    ];
    const { stdout, stderr } = await run(args, { cwd, env: { NODE_OPTIONS: options } });
    expect([stdout, stderr]).toEqual([`${options}\n`, '']);
  });
});

interface Manifest {
  readonly version: string;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

describeOnEach('the single binary, alone on a machine without Node', (engine) => {
  test('runs a task and writes its receipt', async () => {
    const { workspace, program, cwd } = await lonely();
    const args = ['run', '--engine', engine, '-q', '--', '/bin/sh', '-c', 'echo out; exit 3'];
    const { exitCode, stdout, stderr } = await run(args, { program, cwd });
    expect([exitCode, stdout, stderr]).toEqual([3, 'out\n', '']);
    expect(await workspace.receipt()).toMatchObject({
      status: 'failed',
      exitCode: 3,
      engine: { name: engine },
      stdout: { text: 'out\n' },
    });
  });

  test('proves what it promises: the probes need no Node either', async () => {
    const { program, cwd } = await lonely();
    const args = ['doctor', '--engine', engine, '--prove', '--probe', 'other-processes', '--json'];
    const { stdout, stderr } = await run(args, { program, cwd, env: { PATH: '/usr/bin:/bin' } });
    expect(stderr).toBe('');
    expect(stdout).not.toContain('was not there');
  });
});

describeOn('docker', 'the single binary, alone on a machine without Node', () => {
  test('starts with no library but those of a plain Debian', async () => {
    const { workspace, program } = await lonely();
    const image = ['--image', 'debian:bookworm-slim', '-v', `${program}:/opt/sandbox:ro`];
    const { stdout, stderr } = await workspace.run([
      ...image,
      '-q',
      '--',
      '/opt/sandbox',
      'config',
    ]);
    expect([stdout, stderr]).toEqual([expect.stringContaining('512m'), '']);
  });

  test('doctor finds all well', async () => {
    const { program, cwd } = await lonely();
    const { exitCode, stdout } = await run(['doctor'], { program, cwd });
    expect(stdout).toContain('✓ All pre-flight checks passed');
    expect(exitCode).toBe(0);
  });
});
