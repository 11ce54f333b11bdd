import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli } from '../helpers/cli.ts';
import { Workspace } from '../helpers/workspace.ts';

/** Every refusal: exit 125, nothing on stdout, nothing created. */
async function refused(workspace: Workspace, args: readonly string[]): Promise<string> {
  const before = await readdir(workspace.root);
  const { exitCode, stdout, stderr } = await workspace.run(args);
  expect(exitCode).toBe(125);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^sandbox: \d+ problems?, nothing was started\n/);
  expect(stderr).not.toContain('    at ');
  expect(await readdir(workspace.root)).toEqual(before);
  return stderr;
}

describe('bad input', () => {
  test.each([
    [['--id', 'a/b', 'true'], '--id', 'expected an id of 1 to 63 letters'],
    [['--memory', '0', 'true'], '--memory', 'expected a size of at least 6m, got "0"'],
    [['--memory', '-1', 'true'], '--memory', 'expected a size such as 512m or 2g, got "-1"'],
    [['-m', '12x', 'true'], '--memory', 'expected a size such as 512m or 2g, got "12x"'],
    [['--timeout', 'soon', 'true'], '--timeout', 'expected a duration such as 90, 30s'],
    [['--cpus', '0', 'true'], '--cpus', 'expected a number of CPUs'],
    [['--pids-limit', '0', 'true'], '--pids-limit', 'expected a number of processes'],
    [['--env', 'SURELY_NOT_SET', 'true'], '--env', 'SURELY_NOT_SET has no value and is not set'],
    [['--env-file', 'missing.env', 'true'], '--env-file', 'missing.env: there is no such file'],
    [['--env-file', '/usr', 'true'], '--env-file', 'can be read, got /usr: it is a directory'],
    [['--network', 'host', 'true'], '--network', "host would share the host's network"],
    [['--network', 'container:x', 'true'], '--network', 'expected egress, isolated, none or'],
    [['--engine', 'dockre', 'true'], '--engine', 'got "dockre", did you mean docker?'],
    [['--pull', 'alway', 'true'], '--pull', 'got "alway", did you mean always?'],
    [['--isolation', 'Container', 'true'], '--isolation', 'did you mean container?'],
    [['--profile', 'nope', 'true'], '--profile', 'expected one of base, builder'],
    [['--memroy', '1g'], '--memroy', 'unknown option, did you mean --memory?'],
    [['--timeout'], '--timeout', 'expected a value (TIME), got none'],
    [['--quiet=yes', 'true'], '--quiet', 'expected no value'],
    [[], 'command', 'expected a command to run, as in: sandbox run -- npm test'],
    [['-c', 'true', 'also'], '-c', 'expected either a shell line (-c) or a command, got both'],
    [['--workspace', 'missing', 'true'], '--workspace', 'expected a path that exists'],
    [['--workspace', '/', 'true'], '--workspace', 'it is the whole file system'],
    [['--workspace', '/etc', 'true'], '--workspace', 'this is a system directory'],
    [['-v', '/:/host', 'true'], '--volume', 'it is the whole file system'],
    [['-v', '/var/run/docker.sock:/s', 'true'], '--volume', "it holds the engine's socket"],
    [['-v', '/run:/host-run', 'true'], '--volume', "it holds the engine's socket"],
    [['-v', 'missing-dir/x:/x', 'true'], '--volume', 'expected a path that exists'],
    [['--mount', 'type=bind,source=.', 'true'], '--mount', 'expected type=bind|volume,source='],
    [['-v', '.:/workspace', 'true'], '/workspace', 'something else is mounted there already'],
    [['--label', 'sandbox-run.owner=me', 'true'], '--label', 'are reserved'],
    [['--receipt', './inside.json', 'true'], '--receipt', 'a path that the task cannot write to'],
  ])('%j is one clear error', async (args, subject, message) => {
    const stderr = await refused(await Workspace.create(), args);
    expect(stderr).toContain(`  ${subject} `);
    expect(stderr).toContain(message);
  });

  test('all problems are reported at once', async () => {
    const workspace = await Workspace.create();
    const args = [
      '-m',
      '12x',
      '--timeout',
      'soon',
      '--id',
      'a/b',
      '--frobnicate',
      '-e',
      '=x',
      'true',
    ];
    const stderr = await refused(workspace, args);
    expect(stderr).toMatch(/^sandbox: 5 problems, nothing was started\n/);
    expect(stderr.trimEnd().endsWith('See: sandbox run --help')).toBe(true);
  });

  test('a workspace that is a file, the caller’s home, or a link to a system directory is refused', async () => {
    const workspace = await Workspace.create();
    await writeFile(join(workspace.root, 'file'), '');
    await symlink('/usr/bin', join(workspace.root, 'link'));
    const file = await refused(workspace, ['--workspace', '../file', 'true']);
    expect(file).toContain('expected a directory, got "../file"');
    const link = await refused(workspace, ['--workspace', '../link', 'true']);
    expect(link).toContain('system directory');
    const home = await workspace.run(['true'], { env: { HOME: workspace.path } });
    expect(home.exitCode).toBe(125);
    expect(home.stderr).toContain('your whole home directory');
  });

  test('a workspace that the task could not write to is refused', async () => {
    const workspace = await Workspace.create();
    await chmod(workspace.path, 0o555);
    expect(await refused(workspace, ['true'])).toContain('a directory that the task');
  });

  test('--json gives the problems to a program', async () => {
    const workspace = await Workspace.create();
    const { stdout, exitCode } = await workspace.run(['--json', '-m', '12x', 'true']);
    expect(exitCode).toBe(125);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'invalid-settings', problems: [{ subject: '--memory' }] },
    });
  });

  test('an unknown command, or none, is a usage error that names the nearest', async () => {
    const workspace = await Workspace.create();
    const near = await runCli(['rnu'], { cwd: workspace.path });
    expect(near.exitCode).toBe(2);
    expect(near.stderr).toContain('Did you mean: sandbox run');
    expect((await runCli([], { cwd: workspace.path })).exitCode).toBe(2);
  });

  test('a receipt that could not be written is refused before anything starts', async () => {
    const workspace = await Workspace.create();
    await writeFile(join(workspace.root, 'file'), '');
    await mkdir(join(workspace.root, 'taken.json'));
    const args = ['--engine', 'simulation', '--', 'touch', 'started'];
    const underFile = await workspace.run(['--receipt', '../file/r.json', ...args]);
    expect(underFile.exitCode).toBe(125);
    expect(underFile.stderr).toContain('cannot write the receipt');
    expect(await readdir(workspace.path)).toEqual([]);
  });
});
