import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeOn, docker } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

describeOn('docker', 'extra mounts', () => {
  test('a bind is read-only unless it is said to be writable', async () => {
    const workspace = await Workspace.create();
    await mkdir(join(workspace.root, 'data'));
    await writeFile(join(workspace.root, 'data/in'), 'content');
    const line = 'cat /ro/in; touch /ro/x; echo out > /rw/out';
    const args = ['-v', '../data:/ro', '-v', '../data:/rw:rw', '-c', line];
    const { stdout, stderr } = await workspace.run(args);
    expect(stdout).toBe('content');
    expect(stderr).toContain('Read-only file system');
    expect(await readFile(join(workspace.root, 'data/out'), 'utf8')).toBe('out\n');
  });

  test('--mount takes a path with commas, colons and quotes', async () => {
    const workspace = await Workspace.create();
    const name = 'a,b:c "d"';
    await mkdir(join(workspace.root, name));
    await writeFile(join(workspace.root, name, 'in'), 'content');
    const source = `"source=${join(workspace.root, name).replaceAll('"', '""')}"`;
    const args = ['--mount', `type=bind,${source},target=/in`, '--', 'cat', '/in/in'];
    expect((await workspace.run(args)).stdout).toBe('content');
  });

  test('a named volume outlives the task', async () => {
    const workspace = await Workspace.create();
    const volume = `sandbox-test-${process.pid}`;
    try {
      const write = ['-v', `${volume}:/cache:rw`, '-u', '0:0', '-c', 'echo kept > /cache/f'];
      expect((await workspace.run(write)).exitCode).toBe(0);
      const read = ['-v', `${volume}:/cache`, '--', 'cat', '/cache/f'];
      expect((await workspace.run(read)).stdout).toBe('kept\n');
    } finally {
      await docker.getVolume(volume).remove();
    }
  });
});
