import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';
import { projectRoot } from '../helpers/cli.ts';
import { describeOn } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

/** Real input: a package that people build every day, with its own test-suite. */
describeOn('docker', 'GNU hello from its Debian source package', () => {
  let source = '';

  beforeAll(async () => {
    source = await mkdtemp(join(tmpdir(), 'sandbox-hello-'));
    await execa(join(projectRoot, 'test/helpers/fetch-hello.sh'), [join(source, 'hello')]);
    return async () => {
      await rm(source, { recursive: true, force: true });
    };
  });

  const build = [
    '--profile',
    'builder',
    '--timeout',
    '5m',
    '-c',
    './configure && make && make check',
  ];

  test('builds and passes its own checks, and the result belongs to the caller', async () => {
    const workspace = await Workspace.create('hello');
    await cp(join(source, 'hello'), workspace.path, { recursive: true, preserveTimestamps: true });
    const { exitCode, stdout } = await workspace.run(build);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(0);
    expect(stdout).toContain('# FAIL:  0');
    expect(receipt.status).toBe('passed');
    expect(receipt.image?.reference).toBe('sandbox-builder');
    expect(receipt.network.name).toBe('isolated');
    expect(receipt.stdout.bytes).toBe(Buffer.byteLength(stdout));
    const hello = await stat(join(workspace.path, 'hello'));
    expect([hello.uid, hello.gid]).toEqual([process.getuid?.(), process.getgid?.()]);
    const greeting = await workspace.run(['--profile', 'builder', '--', './hello']);
    expect(greeting.stdout).toBe('Hello, world!\n');
  });

  test('with a broken test it gives the failing code, and the receipt has the log', async () => {
    const workspace = await Workspace.create('hello');
    await cp(join(source, 'hello'), workspace.path, { recursive: true, preserveTimestamps: true });
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
