import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chosen, describeOnAll } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

describeOnAll('where and as whom a task finds itself', (engine) => {
  const on = ['-q', ...chosen(engine), '--image', 'debian:bookworm-slim'];

  test('in the workspace, unless --workdir says otherwise', async () => {
    const workspace = await Workspace.create();
    await mkdir(join(workspace.path, 'sub/deep'), { recursive: true });
    await symlink('sub/deep', join(workspace.path, 'near'));
    const pwd = async (...args: string[]) =>
      (await workspace.run([...on, ...args, '--', 'pwd'])).stdout;
    expect(await pwd()).toBe('/workspace\n');
    expect(await pwd('-w', 'sub/deep')).toBe('/workspace/sub/deep\n');
    expect(await pwd('-w', 'near')).toBe('/workspace/sub/deep\n');
    expect(await pwd('--workdir', '/usr/bin')).toBe('/usr/bin\n');
    expect(await pwd('-w', '/tmp')).toBe('/tmp\n');
  });

  test.each([
    ['missing', 'does not exist'],
    ['file', 'is not a directory'],
    ['file/below', 'is not a directory'],
    ['out', 'leads out'],
    ['/tmp/missing', 'does not exist'],
    ['/usr/missing', 'is not in the'],
    ['/etc/nsswitch.conf', 'is not'],
  ])('a working directory %s is refused, and not made', async (workdir, reason) => {
    const workspace = await Workspace.create();
    await writeFile(join(workspace.path, 'file'), '');
    await symlink(workspace.root, join(workspace.path, 'out'));
    const { exitCode, stderr } = await workspace.run([...on, '-w', workdir, '--', 'true']);
    const { status, error } = await workspace.receipt();
    expect(exitCode).toBe(125);
    expect(stderr).toContain(reason);
    expect({ status, code: error?.code }).toEqual({ status: 'not-started', code: 'start-failed' });
    expect((await readdir(workspace.path)).sort()).toEqual(['file', 'out']);
  });

  test('in a copy of the workspace what is left out of it is not there, either', async () => {
    const workspace = await Workspace.create();
    for (const name of ['in', 'out']) await mkdir(join(workspace.path, name));
    await writeFile(join(workspace.path, '.dockerignore'), 'out\n');
    const copy = [...on, '--workspace-mode', 'copy'];
    const { stdout } = await workspace.run([...copy, '-w', 'in', '--', 'pwd']);
    expect(stdout).toBe('/workspace/in\n');
    const { stderr, exitCode } = await workspace.run([...copy, '-w', 'out', '--', 'pwd']);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('the working directory /workspace/out does not exist');
  });

  test.each([
    ['./run', 0],
    ['./plain', 126],
    ['./missing', 127],
    ['../run', 127],
  ])('a command %s is looked for there: %i', async (command, code) => {
    const workspace = await Workspace.create();
    await mkdir(join(workspace.path, 'sub'));
    await writeFile(join(workspace.path, 'sub/run'), '#!/bin/sh\n', { mode: 0o755 });
    await writeFile(join(workspace.path, 'sub/plain'), '', { mode: 0o644 });
    const { exitCode } = await workspace.run([...on, '-w', 'sub', '--', command]);
    expect(exitCode).toBe(code);
    expect((await workspace.receipt()).status).toBe(code === 0 ? 'passed' : 'not-started');
  });

  test('the uid has one name, and a home and a place for temporary files that it can write to', async () => {
    const workspace = await Workspace.create();
    const line = [
      'name=$(id -un) && [ "$name" = "$USER" ] && [ "$name" = "$LOGNAME" ] && echo named',
      '[ "$(getent passwd "$(id -u)" | cut -d: -f1)" = "$name" ] && echo listed',
      'id -gn > /dev/null && echo group',
      'touch "$HOME/file" && [ -O "$HOME/file" ] && echo home',
      'touch "$(mktemp -d)/file" && echo temporary',
    ].join('\n');
    const { stdout } = await workspace.run([...on, '-c', line]);
    expect(stdout).toBe('named\nlisted\ngroup\nhome\ntemporary\n');
  });

  test('a caller’s own USER and LOGNAME are kept', async () => {
    const workspace = await Workspace.create();
    const own = ['-e', 'USER=me', '-e', 'LOGNAME='];
    const { stdout } = await workspace.run([...on, ...own, '-c', 'echo "$USER,$LOGNAME"']);
    expect(stdout).toBe('me,\n');
  });
});
