import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, test, vi } from 'vitest';
import { projectRoot } from '../helpers/cli.ts';
import { describeOnEach } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

// More than the five minutes that each build has.
vi.setConfig({ testTimeout: 400_000 });

/** Real input: a package that people build every day, with its own test-suite. */
describeOnEach('GNU hello from its Debian source package', (engine) => {
  let source = '';

  beforeAll(async () => {
    source = await mkdtemp(join(tmpdir(), 'sandbox-hello-'));
    await execa(join(projectRoot, 'test/helpers/fetch-hello.sh'), [join(source, 'hello')]);
    return async () => {
      await rm(source, { recursive: true, force: true });
    };
  });

  const isDocker = engine === 'docker';
  const on = ['--engine', engine, '-q', '--profile', 'builder', '--timeout', '5m', '--cpus', '2'];
  const build = [...on, '-c', './configure && make && make check'];

  async function sourceTree(): Promise<Workspace> {
    const workspace = await Workspace.create('hello');
    await cp(join(source, 'hello'), workspace.path, { recursive: true, preserveTimestamps: true });
    return workspace;
  }

  test('builds and passes its own checks, and the result belongs to the caller', async () => {
    const workspace = await sourceTree();
    const { exitCode, stdout } = await workspace.run(build);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(0);
    expect(stdout).toContain('# FAIL:  0');
    expect(receipt.status).toBe('passed');
    expect(receipt.isolation.level).toBe(isDocker ? 'container' : 'namespace');
    expect(receipt.image?.profile).toBe(isDocker ? 'builder' : undefined);
    expect(receipt.network).toMatchObject({ name: 'isolated', reaches: [] });
    expect(receipt.workspace.changes).toMatchObject({ complete: true, removed: [] });
    const added = receipt.workspace.changes?.added.find(({ path }) => path === 'hello');
    expect(added?.sha256).toBe(await sha256(join(workspace.path, 'hello')));
    expect(receipt.stdout.bytes).toBe(Buffer.byteLength(stdout));
    const hello = await stat(join(workspace.path, 'hello'));
    expect([hello.uid, hello.gid]).toEqual([process.getuid?.(), process.getgid?.()]);
    const greeting = await workspace.run([...on, '--', './hello']);
    expect(greeting.stdout).toBe('Hello, world!\n');
  });

  test('in a copy, which is brought back once its checks have passed', async () => {
    const workspace = await sourceTree();
    expect(
      (await workspace.run(['--workspace-mode', 'copy', '--apply', 'on-success', ...build]))
        .exitCode,
    ).toBe(0);
    const { stdout } = await workspace.run([...on, '--', './hello']);
    expect(stdout).toBe('Hello, world!\n');
  });

  test('beside a workspace that it can only read', async () => {
    const workspace = await sourceTree();
    const outside = 'mkdir /tmp/b && cd /tmp/b && /workspace/configure && make && make check';
    const { exitCode, stdout } = await workspace.run([
      ...['--workspace-mode', 'ro', '-m', '1g', ...on],
      ...['-c', `${outside} && ./hello`],
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('# FAIL:  0');
    expect(stdout).toMatch(/Hello, world!\n$/);
    const { changes } = (await workspace.receipt()).workspace;
    expect(changes).toMatchObject({ added: [], changed: [], removed: [] });
  });

  test('with a broken test it gives the failing code, and the receipt has the log', async () => {
    const workspace = await sourceTree();
    const broken = join(workspace.path, 'tests/hello-1');
    expect(await readFile(broken, 'utf8')).toContain('hello');
    await writeFile(broken, '#!/bin/sh\necho broken on purpose >&2\nexit 1\n');
    const { exitCode } = await workspace.run(build);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(2);
    expect(receipt.status).toBe('failed');
    expect(receipt.task?.exitCode).toBe(2);
    expect(receipt.stdout.text).toContain('FAIL: tests/hello-1');
    expect(receipt.stderr.text).toContain('Error 1');
    expect(receipt.error).toBeNull();
  });
});

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
