import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli } from '../helpers/cli.ts';
import { describeOn } from '../helpers/engines.ts';
import { removedAfterwards } from '../helpers/image-surroundings.ts';
import { Workspace } from '../helpers/workspace.ts';

async function projectProfile(workspace: Workspace, name: string, content: unknown) {
  const path = join(workspace.path, '.sandbox/profiles', `${name}.json`);
  await mkdir(dirname(path), { recursive: true });
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  await writeFile(path, text);
  return path;
}

const mine = { name: 'mine', description: 'of mine', image: 'debian' };

describe('commands of two words', () => {
  test.each([
    ['image', ['build', 'ls', 'rm', 'prune', 'load', 'import']],
    ['profile', ['ls', 'show', 'validate']],
  ])('%s alone lists what may follow it', async (group, words) => {
    for (const args of [[group], [group, '--help'], ['help', group]]) {
      const { exitCode, stdout } = await runCli(args, { cwd: '/' });
      expect(exitCode).toBe(0);
      for (const word of words) expect(stdout).toMatch(new RegExp(`^  ${word} +[A-Z]`, 'm'));
    }
  });

  test.each([
    [['image', 'bulid'], 'Did you mean: sandbox image build'],
    [['profile', 'list'], 'expected a command of sandbox profile (ls, show, validate), got "list"'],
    [['imgae'], 'Did you mean: sandbox image'],
    [['image', 'build', '--no-cahce'], 'did you mean --no-cache?'],
    [['image', 'ls', 'x'], 'expected options only, got "x" besides'],
    [['image', 'rm'], 'expected REFERENCE…, got none'],
    [['image', 'import', 'x'], 'expected DIRECTORY REFERENCE, got 1'],
    [['image', 'import', '.', 'a b'], 'expected the name of an image such as tools:1, got "a b"'],
    [['image', 'load'], 'expected FILE, got none'],
    [['image', 'build', 'nope'], 'expected one of base, builder'],
    [['image', 'build', '--build-arg', '=x'], 'expected NAME=VALUE or NAME'],
    [['image', 'build', ''], '1 problem\n  PROFILE  expected the name of a profile, got ""'],
    [['image', 'rm', 'a b', 'debian:'], '2 problems\n  REFERENCE  expected an image such as'],
    [['image', 'import', '.', 'Tools:1'], 'its name in lower case, got "Tools:1"'],
    [['profile', 'show', ''], '1 problem\n  profile show  expected NAME, got an empty word'],
    [['profile', 'show', 'bilder'], 'did you mean builder?'],
    [['profile', 'show'], 'expected NAME, got none'],
    [['profile', 'show', 'nope'], 'expected one of base, builder'],
    [['profile', 'validate', 'a', 'b'], 'expected FILE, got "b" besides'],
  ])('%j is wrong usage', async (args, message) => {
    const { exitCode, stdout, stderr } = await runCli(args, { cwd: '/' });
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  test('each has a help of its own, wherever the flag stands', async () => {
    for (const args of [
      ['image', 'build', '--help'],
      ['image', 'build', 'base', '-h'],
      ['help', 'image', 'build'],
    ]) {
      const { exitCode, stdout } = await runCli(args, { cwd: '/' });
      expect(exitCode).toBe(0);
      expect(stdout).toContain('sandbox image build [PROFILE…] [options]');
      expect(stdout).toMatch(/--build-arg .*; may be given more than once/);
      expect(stdout).not.toContain('(default: true)');
    }
  });
});

describe('sandbox profile', () => {
  test('ls lists every profile, also one that is no good', async () => {
    const workspace = await Workspace.create();
    await projectProfile(workspace, 'mine', mine);
    await projectProfile(workspace, 'broken', '{');
    const { exitCode, stdout } = await runCli(['profile', 'ls'], { cwd: workspace.path });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^base +built in +Debian/m);
    expect(stdout).toMatch(/^mine +project +of mine$/m);
    expect(stdout).toMatch(/^broken +project +refused: it is not JSON/m);
    const json = await runCli(['profile', 'ls', '--json'], { cwd: workspace.path });
    const { profiles } = JSON.parse(json.stdout) as { profiles: object[] };
    expect(profiles).toContainEqual(
      expect.objectContaining({ name: 'mine', origin: 'project', state: 'usable' }),
    );
  });

  test('show prints what a run would take from it, and from where', async () => {
    const workspace = await Workspace.create();
    const content = { ...mine, image: undefined, extends: 'base', resources: { memory: '1m' } };
    const path = await projectProfile(workspace, 'mine', {
      ...content,
      packages: ['tree'],
      resources: { memory: '100m' },
    });
    const args = ['profile', 'show', 'mine'];
    const { stdout, exitCode } = await runCli(args, { cwd: workspace.path });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^extends +base$/m);
    expect(stdout).toMatch(/^image +sandbox-mine, built where it is missing$/m);
    expect(stdout).toMatch(/^recipe +[0-9a-f]{64}$/m);
    expect(stdout).toMatch(/^packages +.* git .*tree$/m);
    expect(stdout).toContain(`100m  (${path}: resources.memory)`);
    const json = await runCli([...args, '--json'], { cwd: workspace.path });
    expect(JSON.parse(json.stdout)).toMatchObject({
      name: 'mine',
      chain: ['mine', 'base'],
      image: 'sandbox-mine',
      recipe: { base: 'debian:bookworm-slim' },
      settings: { memory: { value: '100m', origin: `${path}: resources.memory` } },
    });
  });

  test('show prints what is in the files, and from where, without obeying it', async () => {
    const workspace = await Workspace.create();
    const files = [
      { path: '/usr/local/bin/greet', content: '#!/bin/sh\necho \u001b[2J"$1"\n', mode: '0755' },
      { path: '/etc/copied', source: 'copied.txt' },
    ];
    const content = { ...mine, image: undefined, extends: 'base', files, resources: { pids: 9 } };
    const path = await projectProfile(workspace, 'mine', content);
    const source = join(dirname(path), 'copied.txt');
    await writeFile(source, 'copied\n');
    const args = ['profile', 'show', 'mine'];
    const { stdout } = await runCli(args, { cwd: workspace.path });
    expect(stdout).toMatch(
      /^file +\/usr\/local\/bin\/greet \(0755\), 24 bytes\n +\| #!\/bin\/sh\n/m,
    );
    expect(stdout).toContain(' | echo \\x1b[2J"$1"\n');
    expect(stdout).toContain(`/etc/copied (0644), 7 bytes, from ${source}\n`);
    expect(stdout).toMatch(/^ +\| copied$/m);
    expect(stdout).toMatch(/^pids +9 {2}\(/m);
    const json = await runCli([...args, '--json'], { cwd: workspace.path });
    expect(JSON.parse(json.stdout)).toMatchObject({
      recipe: {
        files: [
          { bytes: 24, source: null },
          { path: '/etc/copied', source },
        ],
      },
      settings: { pids: { value: '9' } },
    });
  });

  test('show of one that is no good returns 1 and says why', async () => {
    const workspace = await Workspace.create();
    const path = await projectProfile(workspace, 'mine', { ...mine, colour: 1 });
    const { exitCode, stderr } = await runCli(['profile', 'show', 'mine'], { cwd: workspace.path });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(path);
    expect(stderr).toContain('unknown key "colour"');
  });

  test.each<[unknown, string[]]>([
    [{ ...mine, colour: 1, network: 'host' }, ['unknown key "colour"', '"network": expected']],
    [{ ...mine, name: 'other' }, ['"name": expected that of the file, "mine", got "other"']],
    [{ ...mine, extends: 'nope' }, ['"extends": expected one of base']],
    [{ ...mine, packages: ['x'] }, ['"packages": expected "base" with it']],
    [
      { ...mine, resources: { memory: '9g', pids: 999 }, network: 'egress' },
      ['resources.memory', 'resources.pids', 'network', 'a project may only narrow this'],
    ],
    [{ ...mine, image: undefined, extends: 'docker-host' }, ['may not extend docker-host']],
    ['{', ['it is not JSON']],
  ])('validate %j returns 1 with %j', async (content, messages) => {
    const workspace = await Workspace.create();
    await projectProfile(workspace, 'mine', content);
    const args = ['profile', 'validate', '.sandbox/profiles/mine.json'];
    const { exitCode, stderr, stdout } = await runCli(args, { cwd: workspace.path });
    expect([exitCode, stdout]).toEqual([1, '']);
    for (const message of messages) expect(stderr).toContain(message);
  });

  test('validate warns of files that no task sees', async () => {
    const workspace = await Workspace.create();
    const files = ['/workspace/a', '/tmp/b', '/root/c', '/etc/d', '/workspaces'].map((at) => ({
      path: at,
      content: '',
    }));
    const content = {
      ...mine,
      image: undefined,
      base: 'debian',
      files,
      environment: { HOME: '/root' },
    };
    const path = await projectProfile(workspace, 'mine', content);
    const { exitCode, stderr } = await runCli(['profile', 'validate', path], { cwd: '/' });
    expect(exitCode).toBe(0);
    const seen = [...stderr.matchAll(/^sandbox: warning: no task sees the file (\S+):/gm)];
    expect(seen.map(([, file]) => file)).toEqual(['/workspace/a', '/tmp/b', '/root/c']);
    const json = await runCli(['profile', 'validate', path, '--json'], { cwd: '/' });
    const { warnings } = JSON.parse(json.stdout) as { warnings: string[] };
    expect(warnings).toHaveLength(3);
  });

  test('No command that starts nothing says that nothing was started', async () => {
    const workspace = await Workspace.create();
    await projectProfile(workspace, 'mine', '{');
    await writeFile(join(workspace.path, 'sandbox.config.json'), '{');
    for (const args of [
      ['profile', 'validate', '.sandbox/profiles/mine.json'],
      ['profile', 'show', 'mine', '--workspace', '.'],
      ['config'],
    ]) {
      const { exitCode, stderr } = await runCli(args, { cwd: workspace.path });
      expect(exitCode).not.toBe(0);
      expect(stderr).not.toMatch(/nothing was started/i);
    }
  });

  test('validate takes a file that lies elsewhere as one of your own', async () => {
    const workspace = await Workspace.create();
    const wide = { ...mine, resources: { memory: '9g' } };
    await writeFile(join(workspace.path, 'mine.json'), JSON.stringify(wide));
    const args = ['profile', 'validate', 'mine.json'];
    const { exitCode, stdout } = await runCli(args, { cwd: workspace.path });
    expect([exitCode, stdout]).toEqual([0, 'mine.json: a profile that can be used\n']);
    const missing = await runCli(['profile', 'validate', 'x.json'], { cwd: workspace.path });
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toContain('there is no such file');
  });
});

describeOn('docker', 'sandbox image', () => {
  test('build of a profile that uses an image as it is builds nothing and says so', async () => {
    const workspace = await Workspace.create();
    await projectProfile(workspace, 'mine', mine);
    const args = ['image', 'build', 'mine'];
    const { exitCode, stdout, stderr } = await runCli(args, { cwd: workspace.path });
    expect([exitCode, stdout]).toEqual([0, 'debian\n']);
    expect(stderr).toBe('sandbox: mine uses the image debian as it is: nothing is built\n');
  });

  test('build prints references, ls knows them, rm removes them', async () => {
    const workspace = await Workspace.create();
    const content = { ...mine, image: undefined, base: 'debian:bookworm-slim' };
    await projectProfile(workspace, 'mine', content);
    const cli = async (...args: string[]) =>
      await runCli(['image', ...args], { cwd: workspace.path });
    const built = await cli('build', 'mine', '--json');
    const { images } = JSON.parse(built.stdout) as { images: { reference: string }[] };
    const reference = images[0]?.reference ?? '';
    expect(images).toMatchObject([{ profile: 'mine', origin: 'built', minimal: false }]);
    expect(reference).toMatch(/^sandbox-mine:[0-9a-f]{16}$/);
    expect((await cli('build', 'mine', '-q')).stdout).toBe(`${reference}\n`);
    expect((await cli('ls')).stdout).toMatch(new RegExp(`^${reference} +[0-9a-f]{12} +mine `, 'm'));
    expect((await cli('ls', '-q')).stdout.split('\n')).toContain(reference);
    const removed = await cli('rm', 'debian:bookworm-slim', reference);
    expect([removed.exitCode, removed.stdout]).toEqual([1, `${reference}\n`]);
    const again = await cli('rm', reference, '--json');
    const failed = [{ reference, error: { code: 'image-not-found' } }];
    expect([again.exitCode, JSON.parse(again.stdout)]).toMatchObject([1, { removed: [], failed }]);
    expect((await cli('ls')).stdout).not.toContain(reference);
  });

  test('build says that an argument was not used, since the image was there', async () => {
    const workspace = await Workspace.create();
    const base = 'debian:bookworm-slim';
    await projectProfile(workspace, 'mine', { ...mine, image: undefined, base });
    const args = ['image', 'build', 'mine', '--build-arg', 'A=1', '--build-arg', `BASE=${base}`];
    const cli = async (...more: string[]) =>
      await runCli([...args, ...more], { cwd: workspace.path });
    const first = await cli();
    removedAfterwards(first.stdout.trim());
    expect(first.stderr).not.toContain('not used');
    expect((await cli()).stderr).toBe(
      `sandbox: ${first.stdout.trim()} was there: --build-arg A was not used (--no-cache builds anew)\n`,
    );
    expect((await cli('-q')).stderr).toBe('');
  });

  test('import prints the reference that a run can take', async () => {
    const workspace = await Workspace.create();
    await mkdir(join(workspace.path, 'rootfs'));
    const reference = removedAfterwards('sandbox-test-imported:1');
    const args = ['image', 'import', 'rootfs', reference, '-q'];
    const { stdout } = await runCli(args, { cwd: workspace.path });
    expect(stdout).toBe(`${reference}\n`);
  });

  test('a profile that adds nothing to the recipe of another one uses its image', async () => {
    const workspace = await Workspace.create();
    const content = { ...mine, image: undefined, extends: 'base', resources: { memory: '64m' } };
    await projectProfile(workspace, 'mine', content);
    const built = await runCli(['image', 'build', 'base', 'mine'], { cwd: workspace.path });
    const [first, second, ...others] = built.stdout.split('\n');
    expect([second, others]).toEqual([first, ['']]);
    expect(first).toMatch(/^sandbox-base:[0-9a-f]{16}$/);
    const { exitCode } = await workspace.run([
      '--profile',
      'mine',
      '--pull',
      'never',
      '--',
      'true',
    ]);
    expect(exitCode).toBe(0);
    const { image, limits } = await workspace.receipt();
    expect(image).toMatchObject({ profile: 'mine', reference: first, origin: 'present' });
    expect(limits.enforced?.memoryBytes).toBe(64 * 1024 ** 2);
  });

  test('prune removes nothing where a profile cannot be read', async () => {
    const workspace = await Workspace.create();
    const path = await projectProfile(workspace, 'mine', '{');
    const { exitCode, stderr } = await runCli(['image', 'prune'], { cwd: workspace.path });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(path);
    expect(stderr).toContain('Nothing was removed');
  });
});
