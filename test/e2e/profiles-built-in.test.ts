import { chown, cp, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../helpers/cli.ts';
import { containersOf, describeOn, docker } from '../helpers/engines.ts';
import { readPng } from '../helpers/png.ts';
import { whyNotBuilt } from '../helpers/profile-built.ts';
import { Workspace } from '../helpers/workspace.ts';

/** A large image is built by the setup of the tests only where it is asked for. */
const reasons = new Map(
  await Promise.all(
    ['base', 'builder', 'tester', 'deployer', 'researcher', 'docker-host'].map(
      async (name) => [name, await whyNotBuilt(name)] as const,
    ),
  ),
);

function describeProfile(name: string, suite: (on: readonly string[]) => void): void {
  const reason = reasons.get(name) ?? null;
  const on = ['--engine', 'docker', '--profile', name, '--timeout', '3m'];
  describeOn('docker', `profile ${name}`, () => {
    if (reason === null) suite(on);
    else describe.skip(reason, () => suite(on));
  });
}

async function workspaceWith(fixture: string): Promise<Workspace> {
  const workspace = await Workspace.create();
  await cp(join(projectRoot, 'test/fixtures/profiles', fixture), workspace.path, {
    recursive: true,
  });
  return workspace;
}

/** Only root can give a workspace to somebody else. */
const isRoot = process.getuid?.() === 0;
/** The caller, and a uid that no image knows: it must make no difference. */
const users = isRoot ? ['0:0', '4711:4711'] : [`${process.getuid?.() ?? ''}`];

async function giveTo(user: string, { path }: Workspace): Promise<readonly string[]> {
  const [uid, gid] = user.split(':').map(Number);
  if (!isRoot || uid === undefined || gid === undefined) return [];
  const entries = await readdir(path, { recursive: true });
  for (const entry of ['', ...entries]) await chown(join(path, entry), uid, gid);
  return ['--user', user];
}

describeProfile('base', (on) => {
  test('has bash, curl and a git that can commit, and is not built again', async () => {
    const workspace = await Workspace.create();
    const line = [
      'set -e; test -n "$BASH_VERSION"; curl --version | head -1; id -un 1000',
      'git init -q; git config user.name n; git config user.email n@example.com',
      'echo x >file; git add file; git commit -q -m first; git log --format=%s',
    ].join('\n');
    const { stdout, exitCode } = await workspace.run([...on, '-c', line]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^curl \d.*\nsandbox\nfirst\n$/);
    const { image } = await workspace.receipt();
    expect(image).toMatchObject({ profile: 'base', origin: 'present', preparedMs: null });
    expect(image?.reference).toMatch(/^sandbox-base:[0-9a-f]{16}$/);
  });
});

describeProfile('builder', (on) => {
  test.each(users)('pnpm builds and tests a project, as %s', async (user) => {
    const workspace = await workspaceWith('builder');
    const as = await giveTo(user, workspace);
    const line = 'pnpm install --offline && pnpm run build && pnpm test';
    const { stdout, exitCode } = await workspace.run([...on, ...as, '-c', line]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('hello pnpm');
    const built = await readFile(join(workspace.path, 'dist/greeting.js'), 'utf8');
    expect(built).toContain('"hello"');
    expect((await workspace.receipt()).image?.origin).toBe('present');
  });

  test('yarn and npm run its scripts, and make builds a program in C', async () => {
    const workspace = await workspaceWith('builder');
    const line = 'yarn --silent build && npm test --silent && make --silent && ./sum';
    const { stdout, exitCode } = await workspace.run([...on, '-c', line]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'hello pnpm\n5050\n' });
  });

  test('Node.js is a current one', async () => {
    const workspace = await Workspace.create();
    const { stdout } = await workspace.run([...on, '--', 'node', '--version']);
    expect(stdout).toMatch(/^v24\./);
  });
});

describeProfile('tester', (on) => {
  test.each(users)('a browser takes a screenshot of a page, as %s', async (user) => {
    const workspace = await workspaceWith('tester');
    const as = await giveTo(user, workspace);
    const args = ['--window-size=640,480', '--screenshot=page.png', 'file:///workspace/page.html'];
    const { exitCode } = await workspace.run([...on, ...as, '--', 'chromium', ...args]);
    expect(exitCode).toBe(0);
    const png = readPng(await readFile(join(workspace.path, 'page.png')));
    expect(png).toMatchObject({ width: 640, height: 480 });
    // A blank page has a few.
    expect(png.differentBytes).toBeGreaterThan(20);
  });

  test('pytest drives the browser, and mocha runs', async () => {
    const workspace = await workspaceWith('tester');
    const line = 'pytest -q -p no:cacheprovider && mocha page.spec.cjs';
    const { stdout, exitCode } = await workspace.run([...on, '-c', line]);
    expect(stdout).toContain('1 passed');
    expect(stdout).toContain('1 passing');
    expect(exitCode).toBe(0);
  });
});

describeProfile('deployer', (on) => {
  test.each(users)('rsync brings a directory up to date, as %s', async (user) => {
    const workspace = await Workspace.create();
    await mkdir(join(workspace.path, 'from'));
    await mkdir(join(workspace.path, 'to'));
    await writeFile(join(workspace.path, 'from/page'), 'new');
    await writeFile(join(workspace.path, 'to/stale'), 'old');
    const line = 'rsync --recursive --delete from/ to/ && ssh -V 2>&1 && jq --version';
    const as = await giveTo(user, workspace);
    const { stdout, exitCode } = await workspace.run([...on, ...as, '-c', line]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^OpenSSH_.*\njq-/);
    expect(await readFile(join(workspace.path, 'to/page'), 'utf8')).toBe('new');
    await expect(stat(join(workspace.path, 'to/stale'))).rejects.toThrow('ENOENT');
  });

  test('ansible brings this machine up to date', async () => {
    const workspace = await Workspace.create();
    const args = ['-i', 'localhost,', '-c', 'local', '-m', 'copy'];
    const file = ['-a', 'content=deployed dest=/workspace/page'];
    const { exitCode } = await workspace.run([...on, '--', 'ansible', 'all', ...args, ...file]);
    expect(exitCode).toBe(0);
    expect(await readFile(join(workspace.path, 'page'), 'utf8')).toBe('deployed');
  });
});

describeProfile('researcher', (on) => {
  test.each(users)('a study gives its numbers and a plot, as %s', async (user) => {
    const workspace = await workspaceWith('researcher');
    const as = await giveTo(user, workspace);
    const args = [...on, ...as, '--', 'python3', 'study.py'];
    const { stdout, stderr, exitCode } = await workspace.run(args);
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 0,
      stdout: '3.00 2.0 2.000000 5.0\n',
      stderr: '',
    });
    const png = readPng(await readFile(join(workspace.path, 'plot.png')));
    expect(png).toMatchObject({ width: 400, height: 300 });
    expect(png.differentBytes).toBeGreaterThan(20);
  });
});

describeProfile('docker-host', (on) => {
  const nested = [...on, '--allow-nested-docker'];
  const importBusybox = [
    'mkdir -p /tmp/root/bin; cp /bin/busybox /tmp/root/bin/sh',
    'tar -C /tmp/root -c . | docker import - tiny >/dev/null',
  ].join('; ');

  test.runIf(isRoot).each([
    ['0:0', false],
    ['1000:1000', true],
    ['1001:1001', true],
  ])('runs a container, as %s (rootless: %s)', async (user, isRootless) => {
    const workspace = await Workspace.create();
    const id = `nested-${process.pid}-${user.split(':')[0] ?? ''}`;
    const as = ['--id', id, ...(await giveTo(user, workspace))];
    const line = `docker info --format '{{.SecurityOptions}}'; ${importBusybox}; docker run --rm tiny sh -c 'echo inside; exit 3'`;
    const { stdout, stderr, exitCode } = await workspace.run([...nested, ...as, '-c', line]);
    expect(stdout).toContain('inside\n');
    expect(stdout.includes('rootless')).toBe(isRootless);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('warning: isolation: none');
    const { isolation } = await workspace.receipt();
    expect(isolation.level).toBe('none');
    expect(isolation.loosened).toEqual(
      expect.arrayContaining(['nested-docker', 'cap-add SYS_ADMIN']),
    );
    expect(isolation.notEnforced).toEqual(
      expect.arrayContaining(['no-new-privileges', 'capabilities', 'seccomp', 'masked-paths']),
    );
    expect(await containersOf(id)).toEqual([]);
  });

  test('its images are gone with it', async () => {
    const workspace = await Workspace.create();
    const line = `${importBusybox}; docker images --quiet tiny; cat /proc/1/mountinfo`;
    const { stdout } = await workspace.run([...nested, '-q', '-c', line]);
    expect(stdout).toMatch(/^[0-9a-f]{12}\n/);
    const { stdout: second } = await workspace.run([
      ...nested,
      '-q',
      '--',
      'docker',
      'images',
      '-q',
    ]);
    expect(second).toBe('');
    // Its own one: those of other tests come and go meanwhile.
    const id = /volumes\/([0-9a-f]{64})\/_data \/var\/lib\/docker /.exec(stdout)?.[1] ?? 'none';
    expect(id).not.toBe('none');
    await expect(docker.getVolume(id).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  test('is refused by --isolation container and without --allow-nested-docker', async () => {
    const workspace = await Workspace.create();
    const strict = await workspace.run([...nested, '--isolation', 'container', '--', 'true']);
    expect(strict.exitCode).toBe(125);
    expect(strict.stderr).toContain('this is only "none"');
    const unasked = await workspace.run([...on, '--', 'true']);
    expect(unasked.exitCode).toBe(125);
    expect(unasked.stderr).toContain('--allow-nested-docker');
  });
});
