import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProfileFile } from '../../src/spec/profile/profile-schema.ts';
import { binPath, projectRoot, runCli } from '../helpers/cli.ts';
import { describeOn, describeOnEach } from '../helpers/engines.ts';
import { hasCgroups, hasNamespaces } from '../helpers/simulation.ts';
import { Workspace } from '../helpers/workspace.ts';

const base = 'debian:bookworm-slim';

/** A profile of the caller's own, and what a run needs to find it. */
async function withProfile(workspace: Workspace, content: Partial<ProfileFile>) {
  const { name = 'e2e-mine' } = content;
  const XDG_CONFIG_HOME = join(workspace.root, 'xdg');
  const path = join(XDG_CONFIG_HOME, 'sandbox/profiles', `${name}.json`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify({ name, description: 'for a test', ...content }));
  const env = { XDG_CONFIG_HOME };
  const run = async (...args: string[]) =>
    await workspace.run(['--profile', name, ...args], { env });
  return { path, env, run };
}

interface OwnImage {
  readonly reference: string;
  readonly profile: string;
}

async function ownImages(): Promise<OwnImage[]> {
  const { stdout } = await runCli(['image', 'ls', '--json'], { cwd: '/' });
  return (JSON.parse(stdout) as { images: OwnImage[] }).images;
}

async function removeImages(isOurs: (profile: string) => boolean): Promise<void> {
  const found = (await ownImages()).filter(({ profile }) => isOurs(profile));
  if (found.length === 0) return;
  await runCli(['image', 'rm', ...found.map(({ reference }) => reference)], { cwd: '/' });
}

const isOurs = (profile: string) => profile.startsWith('e2e-') || profile === 'greeter';

/** A directory for PATH in which `sandbox` is the program that is tested. */
async function programs(workspace: Workspace): Promise<string> {
  const directory = join(workspace.root, 'bin');
  await mkdir(directory, { recursive: true });
  await symlink(binPath, join(directory, 'sandbox'));
  return `${directory}:${process.env.PATH ?? ''}`;
}

describeOn('docker', 'docs/profiles.md', () => {
  beforeAll(() => removeImages(isOurs));
  afterAll(() => removeImages(isOurs));

  test('its worked example does what it says', async () => {
    const document = await readFile(join(projectRoot, 'docs/profiles.md'), 'utf8');
    const profile = /```json\n(.*?)```/s.exec(document)?.[1] ?? '';
    const session = /```console\n(.*?)```/s.exec(document)?.[1] ?? '';
    const workspace = await Workspace.create();
    await mkdir(join(workspace.path, '.sandbox/profiles'), { recursive: true });
    await writeFile(join(workspace.path, '.sandbox/profiles/greeter.json'), profile);
    const env = { PATH: await programs(workspace), XDG_CONFIG_HOME: '/nonexistent' };
    const commands = session.split('\n').filter((line) => line.startsWith('$ '));
    expect(commands.length).toBeGreaterThan(2);
    const shown: string[] = [];
    for (const command of commands) {
      const { stdout } = await execa('sh', ['-c', command.slice(2)], {
        cwd: workspace.path,
        env,
        stdin: 'ignore',
      });
      shown.push(command, stdout);
    }
    expect(`${shown.join('\n')}\n`).toBe(session);
  });
});

describeOn('docker', 'a profile that is built', () => {
  const content: Partial<ProfileFile> = {
    name: 'e2e-built',
    base,
    environment: { COLOUR: 'it\'s "blue" $HOME \\' },
    files: [
      { path: '/usr/local/bin/say', content: '#!/bin/sh\necho "said: $1"\n', mode: '0755' },
      { path: '/etc/e2e/text', source: 'text.txt' },
    ],
    setup_tasks: [
      {
        type: 'exec',
        description: 'who',
        command: 'id -u >/etc/e2e/who; echo "$COLOUR" >>/etc/e2e/who',
      },
      { type: 'exec', description: 'words', command: ['cp', '/etc/e2e/who', '/etc/e2e/a b'] },
    ],
    resources: { memory: '96m', pids: 33, timeout: '47s', cpus: 0.5 },
    network: 'none',
    workdir: 'sub',
    shell: '/bin/bash',
  };
  const text = 'one\ntwo é\n';

  async function built() {
    const workspace = await Workspace.create();
    await mkdir(join(workspace.path, 'sub'));
    const profile = await withProfile(workspace, content);
    await writeFile(join(dirname(profile.path), 'text.txt'), text);
    return { workspace, ...profile };
  }

  beforeAll(() => removeImages(isOurs));
  afterAll(() => removeImages(isOurs));

  test('is built by the first run, which says so, and found by the second', async () => {
    const { workspace, run } = await built();
    const first = await run('--receipt', '../first.json', '--', 'say', 'x');
    expect([first.exitCode, first.stdout]).toEqual([0, 'said: x\n']);
    expect(first.stderr).toMatch(/^sandbox: building sandbox-e2e-built:[0-9a-f]{16}$/m);
    expect(first.stderr).toMatch(/^sandbox: step \d+\/\d+: .*who/m);
    expect(first.stderr).toMatch(/^sandbox: built sandbox-e2e-built:[0-9a-f]{16} in [\d.]+ s$/m);
    const receipt = JSON.parse(await readFile(join(workspace.root, 'first.json'), 'utf8')) as {
      image: object;
    };
    expect(receipt.image).toMatchObject({ profile: 'e2e-built', origin: 'built', minimal: false });
    const second = await run('--', 'say', 'y');
    expect([second.stdout, second.stderr]).toEqual(['said: y\n', '']);
    const { image } = await workspace.receipt();
    expect(image).toMatchObject({ origin: 'present', preparedMs: null });
    expect(image?.recipe).toMatch(/^[0-9a-f]{64}$/);
  });

  test('environment, files with their modes, setup_tasks', async () => {
    const { run } = await built();
    const line =
      'echo "$COLOUR"; stat -c "%a %u %n" /usr/local/bin/say /etc/e2e/text; cat /etc/e2e/text "/etc/e2e/a b"';
    const { stdout } = await run('-c', line);
    expect(stdout).toBe(
      [
        'it\'s "blue" $HOME \\',
        '755 0 /usr/local/bin/say',
        '644 0 /etc/e2e/text',
        'one',
        'two é',
        '0',
        'it\'s "blue" $HOME \\',
        '',
      ].join('\n'),
    );
  });

  test('resources, network, workdir, shell', async () => {
    const { workspace, run } = await built();
    const { stdout } = await run('-c', `echo "$BASH"; pwd; ls /sys/class/net; ${cgroupLine}`);
    expect(stdout).toBe('/bin/bash\n/workspace/sub\nlo\n100663296\n33\n0.5\n');
    const { limits } = await workspace.receipt();
    expect(limits.enforced).toMatchObject({
      memoryBytes: 96 * 1024 ** 2,
      pidsLimit: 33,
      cpus: 0.5,
      timeoutMs: 47_000,
    });
  });

  test('a dry run prints lines that do the same', async () => {
    const { workspace, run, env } = await built();
    const args = ['-e', 'A=1', '-c', 'echo "$A $COLOUR"; say x; pwd'];
    const dry = await run('--dry-run', '--json', ...args);
    const { shell } = JSON.parse(dry.stdout) as { shell: string[] };
    expect(await workspace.receiptNames()).toEqual([]);
    const real = await run(...args);
    const byHand = await execa('sh', ['-ec', shell.join('\n')], {
      cwd: workspace.path,
      env: { ...env, PATH: await programs(workspace) },
      stdin: 'ignore',
      reject: false,
    });
    expect(real.exitCode).toBe(0);
    expect(`${byHand.stdout}\n`).toBe(real.stdout);
    const { stdout: names } = await execa('docker', ['images', '-q', 'sandbox-e2e-built:latest']);
    expect(names).toBe('');
  });

  test('-q builds without a word', async () => {
    const { run, env, workspace } = await built();
    await removeImages(isOurs);
    expect(await run('-q', '--', 'say', 'x')).toMatchObject({ stdout: 'said: x\n', stderr: '' });
    await removeImages(isOurs);
    const args = ['image', 'build', 'e2e-built', '--quiet'];
    const { stdout, stderr } = await runCli(args, { cwd: workspace.path, env });
    expect([stdout, stderr]).toEqual([expect.stringMatching(/^sandbox-e2e-built:\w{16}\n$/), '']);
  });

  test('on a terminal nothing of the progress is left before what the task prints', async () => {
    const { workspace, env } = await built();
    await removeImages(isOurs);
    const command = `${binPath} run --profile e2e-built -- say x`;
    const { stdout } = await execa('sh', ['-c', 'script -qefc "$1" /dev/null', 'sh', command], {
      cwd: workspace.path,
      // In CI there is no line that is rewritten.
      env: { ...env, TERM: 'xterm', CI: '' },
      stdin: 'ignore',
    });
    expect(stdout).toContain('sandbox: building sandbox-e2e-built:');
    // What is left of each line once every rewriting has been obeyed.
    const left = stdout.split('\n').map((line) => line.split('\u001b[2K').at(-1)?.trim());
    expect(left[0]).toBe('said: x');
    expect(left.join('\n')).not.toContain('building');
  });
});

describeOn('docker', 'packages', () => {
  afterAll(() => removeImages(isOurs));

  test('are installed by the manager of the base', async () => {
    const workspace = await Workspace.create();
    const { run } = await withProfile(workspace, { name: 'e2e-tree', base, packages: ['tree'] });
    expect((await run('--', 'tree', '--noreport')).stdout).toBe('.\n');
  }, 240_000);
});

/** Memory in bytes, processes, CPUs, as the task's own cgroup has them, in either layout. */
const cgroupLine = [
  'cd /sys/fs/cgroup',
  'cat memory/memory.limit_in_bytes memory.max 2>/dev/null',
  'cat pids/pids.max pids.max 2>/dev/null',
  'cat cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpu.max 2>/dev/null | tr "\\n" " " | { read -r quota period; echo "$((quota / (period / 10)))" | sed "s/^./0.&/"; }',
].join('; ');

describeOnEach('a profile whose image is used as it is', (engine) => {
  const content: Partial<ProfileFile> = {
    name: 'e2e-as-it-is',
    image: base,
    environment: { COLOUR: 'blue' },
    workdir: 'sub',
    shell: '/bin/bash',
  };

  test('environment, workdir and shell', async () => {
    const workspace = await Workspace.create();
    await mkdir(join(workspace.path, 'sub'));
    const { run } = await withProfile(workspace, content);
    const { stdout } = await run('--engine', engine, '-c', 'echo "$COLOUR ${PWD##*/} $BASH"');
    expect(stdout).toBe('blue sub /bin/bash\n');
  });

  test('timeout', async () => {
    const workspace = await Workspace.create();
    await mkdir(join(workspace.path, 'sub'));
    const { run } = await withProfile(workspace, { ...content, resources: { timeout: '1s' } });
    expect((await run('--engine', engine, '--', 'sleep', '30')).exitCode).toBe(124);
  });

  test.skipIf(engine === 'simulation' && !hasNamespaces)('network', async () => {
    const workspace = await Workspace.create();
    const { run } = await withProfile(workspace, { ...content, network: 'none', workdir: '.' });
    const { stdout } = await run('--engine', engine, '-c', 'tail -n +3 /proc/net/dev | tr -d " "');
    expect(stdout).toMatch(/^lo:.*\n$/);
    expect((await workspace.receipt()).network.name).toBe('none');
  });

  test.skipIf(engine === 'simulation' && !hasCgroups)('memory, processes and CPUs', async () => {
    const workspace = await Workspace.create();
    const resources = { memory: '96m', pids: 33, cpus: 0.5 };
    const { run } = await withProfile(workspace, { ...content, resources, workdir: '.' });
    await run('--engine', engine, '--', 'true');
    expect((await workspace.receipt()).limits.enforced).toMatchObject({
      memoryBytes: 96 * 1024 ** 2,
      pidsLimit: 33,
      cpus: 0.5,
    });
  });
});

describe('without an engine', () => {
  const host = ['--host', 'unix:///nonexistent/engine.sock'];

  test('simulation is proposed where it would do, and only there', async () => {
    const workspace = await Workspace.create();
    const run = await workspace.run([...host, '--', 'true']);
    const strict = await workspace.run([...host, '--isolation', 'container', '--', 'true']);
    const images = await runCli(['image', 'ls', ...host], { cwd: workspace.path });
    expect([run.exitCode, strict.exitCode, images.exitCode]).toEqual([125, 125, 1]);
    expect(run.stderr).toContain('--engine simulation');
    expect(strict.stderr).not.toContain('simulation');
    expect(images.stderr).not.toContain('simulation');
  });
});

describe('simulation', () => {
  test('has no images to ask for, and says what to do', async () => {
    const args = ['image', 'build', 'base', '--engine', 'simulation'];
    const { exitCode, stderr, stdout } = await runCli(args, { cwd: '/' });
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain('has no images');
    expect(stderr).toContain('Use --engine docker');
  });

  test('takes a profile that would be built without building it', async () => {
    const workspace = await Workspace.create();
    const { run } = await withProfile(workspace, { base, environment: { COLOUR: 'blue' } });
    const { stdout } = await run('--engine', 'simulation', '-c', 'echo "$COLOUR"');
    expect(stdout).toBe('blue\n');
    expect((await workspace.receipt()).image).toBeNull();
  });
});
