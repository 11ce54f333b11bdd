import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chosen, describeOnAll } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

describeOnAll('which command runs', (engine) => {
  const on = chosen(engine);

  test('a command that does not exist is 127 and not started', async () => {
    const workspace = await Workspace.create();
    const { exitCode, stdout, stderr } = await workspace.run([...on, '--', 'no-such-command']);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(127);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^sandbox: (warning: [^\n]*\nsandbox: )?command not found: no-such/);
    expect(receipt.status).toBe('not-started');
    expect(receipt.task).toBeNull();
    expect(receipt.error?.code).toBe('command-not-found');
    expect(receipt.timing.startedAt).toBeNull();
    expect(receipt.stderr.bytes).toBe(0);
  });

  test.each([
    ['a directory', './directory'],
    ['a file without the x permission', './plain'],
    ['a script whose interpreter is missing', './no-interpreter'],
  ])('%s is 126 and not started', async (_, command) => {
    const workspace = await Workspace.create();
    await mkdir(join(workspace.path, 'directory'));
    await writeFile(join(workspace.path, 'plain'), 'echo no\n', { mode: 0o644 });
    await writeFile(join(workspace.path, 'no-interpreter'), '#!/no/such\n', { mode: 0o755 });
    const { exitCode } = await workspace.run([...on, '--', command]);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(126);
    expect(receipt.status).toBe('not-started');
    expect(receipt.task).toBeNull();
    expect(receipt.error?.code).toBe('command-not-executable');
  });

  test('a task that prints what an init would print has started, and its words are its own', async () => {
    const workspace = await Workspace.create();
    const said = '[FATAL tini (7)] exec sh failed: No such file or directory';
    const { exitCode, stderr } = await workspace.run([...on, '-c', `echo "${said}" >&2; exit 127`]);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(127);
    expect(receipt.status).toBe('failed');
    expect(receipt.task?.exitCode).toBe(127);
    expect(receipt.stderr.text).toBe(`${said}\n`);
    expect(stderr).toContain(said);
  });

  test('a task that removes its own program cannot make it look as if it had never started', async () => {
    const workspace = await Workspace.create();
    const said = '[FATAL tini (7)] exec ./run.sh failed: No such file or directory';
    const script = `#!/bin/sh\necho did > proof; rm run.sh; echo '${said}' >&2; exit 127\n`;
    await writeFile(join(workspace.path, 'run.sh'), script, { mode: 0o755 });
    const { exitCode } = await workspace.run([...on, '--', './run.sh']);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(127);
    expect(receipt.status).toBe('failed');
    expect(receipt.task?.exitCode).toBe(127);
    expect(receipt.stderr.text).toBe(`${said}\n`);
  });

  test('arguments arrive unchanged', async () => {
    const workspace = await Workspace.create();
    const args = [
      'a b',
      '"q"',
      "'s'",
      'line\nbreak',
      'ünï✓',
      '--timeout',
      '-',
      '',
      '$HOME `id` \\',
      '--',
    ];
    const line = 'for a; do printf "%s\\0" "$a"; done';
    const { stdout } = await workspace.run([...on, '--', 'sh', '-c', line, 'name', ...args]);
    const receipt = await workspace.receipt();
    expect(stdout.split('\0').slice(0, -1)).toEqual(args);
    expect(receipt.command).toEqual(['sh', '-c', line, 'name', ...args]);
  });

  test('the first word that is no option starts the command, even when it has options of its own', async () => {
    const workspace = await Workspace.create();
    const { stdout } = await workspace.run([...on, 'echo', '--memory', '12x', '-q']);
    expect(stdout).toBe('--memory 12x -q\n');
  });

  test('environment arrives unchanged, and nothing else of the caller does', async () => {
    const workspace = await Workspace.create();
    await writeFile(
      join(workspace.root, 'task.env'),
      '# comment\nFILE="kept as is"\nFROM_CALLER\n',
    );
    const value = 'two words\n"quoted" ünï=✓';
    const args = ['-e', `SET=${value}`, '-e', 'FROM_CALLER', '--env-file', '../task.env'];
    const { stdout } = await workspace.run([...on, ...args, '--', 'env', '-0'], {
      env: { FROM_CALLER: 'caller', SECRET_OF_CALLER: 'leaked' },
    });
    const seen = Object.fromEntries(
      stdout.split('\0').map((entry) => {
        const end = entry.indexOf('=');
        return [entry.slice(0, end), entry.slice(end + 1)] as const;
      }),
    );
    expect(seen).toMatchObject({ SET: value, FROM_CALLER: 'caller', FILE: '"kept as is"' });
    expect(stdout).not.toContain('leaked');
    const receipt = await workspace.receipt();
    expect([...receipt.environment].sort()).toEqual(['FILE', 'FROM_CALLER', 'SET']);
    expect(JSON.stringify(receipt)).not.toContain('"caller"');
  });

  test('a variable file is the task’s: nothing in it reaches the sandbox itself', async () => {
    const workspace = await Workspace.create();
    await writeFile(join(workspace.root, 'inject.cjs'), 'console.log("injected")');
    const options = `NODE_OPTIONS=--require ${workspace.root}/inject.cjs\nDOCKER_HOST=unix:///nowhere\n`;
    await writeFile(join(workspace.root, 'task.env'), options);
    const args = [...on, '--env-file', '../task.env', '-c', 'echo $DOCKER_HOST'];
    const { stdout, exitCode } = await workspace.run(args);
    expect(stdout).toBe('unix:///nowhere\n');
    expect(exitCode).toBe(0);
  });

  test('HOME is writable, empty, and gone afterwards', async () => {
    const workspace = await Workspace.create();
    const { stdout, exitCode } = await workspace.run([
      ...on,
      ...['-c', 'ls -A "$HOME"; touch "$HOME/x" && echo "$HOME"'],
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^\/.*\n$/);
  });
});
