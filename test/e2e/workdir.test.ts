import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeOn, docker } from '../helpers/engines.ts';
import { canBeMade, runUnder, withoutBubblewrap } from '../helpers/simulation.ts';
import { Workspace } from '../helpers/workspace.ts';

describeOn('docker', 'a working directory in a volume', () => {
  test('is looked for there', async () => {
    const name = `sandbox-test-workdir-${process.pid}`;
    onTestFinished(() => docker.getVolume(name).remove());
    const workspace = await Workspace.create();
    const on = ['-q', '--image', 'debian:bookworm-slim', '-u', '0:0', '-v', `${name}:/data:rw`];
    const before = await workspace.run([...on, '-w', '/data/sub', '--', 'pwd']);
    expect(before.exitCode).toBe(125);
    expect(before.stderr).toContain('the working directory /data/sub is not in the image');
    expect((await workspace.run([...on, '--', 'mkdir', '/data/sub'])).exitCode).toBe(0);
    expect((await workspace.run([...on, '-w', '/data/sub', '--', 'pwd'])).stdout).toBe(
      '/data/sub\n',
    );
  });
});

describeOn('simulation', 'a working directory at level none', () => {
  const canHide = canBeMade(withoutBubblewrap);
  const on = ['-q', '--engine', 'simulation', '-w'];

  test('is below the workspace on the host', async ({ skip }) => {
    if (!(await canHide)) skip('bubblewrap cannot be hidden');
    const workspace = await Workspace.create();
    await mkdir(join(workspace.path, 'sub'));
    const { stdout } = await runUnder(withoutBubblewrap, workspace, [...on, 'sub', '--', 'pwd']);
    expect(stdout).toBe(`${workspace.path}/sub\n`);
    const missing = await runUnder(withoutBubblewrap, workspace, [...on, 'no', '--', 'pwd']);
    expect(missing.exitCode).toBe(125);
    expect(missing.stderr).toContain('the working directory /workspace/no does not exist');
    expect(await readdir(workspace.path)).toEqual(['sub']);
  });

  test('and nowhere else', async ({ skip }) => {
    if (!(await canHide)) skip('bubblewrap cannot be hidden');
    const workspace = await Workspace.create();
    const { stderr, exitCode } = await runUnder(withoutBubblewrap, workspace, [
      ...on,
      '/usr',
      'pwd',
    ]);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('simulation cannot do --workdir outside of /workspace');
  });
});
