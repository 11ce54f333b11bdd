import { describe, expect, test } from 'vitest';
import { WorkspaceSession } from '../../src/workspace/workspace-session.ts';
import { linesOf, runIn, shell, specOf, workspaceWith } from './support/workspace-task.ts';

const listed = (end: Awaited<ReturnType<typeof runIn>>) =>
  end.report.defused?.map(({ path, found, action }) => `${path ?? '?'}: ${found} ${action}`);

const modes = (workspace: string, ...paths: string[]) =>
  shell(`stat -c %a ${paths.join(' ')}`, workspace)
    .trim()
    .split('\n');

describe('what a task left that could serve it on the host', () => {
  test('loses its privileges, and special files are removed', async () => {
    const workspace = await workspaceWith('mkdir d');
    const end = await runIn(workspace, {
      task: 'cp /bin/true d/u; cp d/u g; cp d/u both; chmod u+s d/u; chmod g+s g; chmod 6755 both; mkfifo p; mknod null c 1 3; mknod disk b 8 0; python3 -c "import socket as s; s.socket(s.AF_UNIX).bind(\'sock\')"',
    });
    expect(listed(end)).toEqual([
      'both: setuid+setgid bits-cleared',
      'd/u: setuid bits-cleared',
      'disk: device removed',
      'g: setgid bits-cleared',
      'null: device removed',
      'p: fifo removed',
      'sock: socket removed',
    ]);
    expect(end.failure).toBeNull();
    expect(end.report.defused?.[0]?.root).toBe(workspace);
    expect(modes(workspace, 'both', 'd/u', 'g')).toEqual(['755', '755', '755']);
    expect(shell('ls', workspace).trim().split('\n')).toEqual(['both', 'd', 'g']);
    expect(end.report.changes?.added.find(({ path }) => path === 'both')?.mode).toBe('6755');
  });

  test('is found by the last of the runs on the same files, whichever came upon it first', async () => {
    const workspace = await workspaceWith('mkdir a; cp /bin/true old; chmod u+s old');
    const first = WorkspaceSession.open(specOf(workspace, { id: 'first' }));
    await first.ready();
    shell('cp /bin/true a/u; chmod u+s a/u; mkfifo a/p', workspace);
    // To this one it was there before, under the name that it still has.
    const second = WorkspaceSession.open(specOf(workspace, { id: 'second' }));
    await second.ready();
    expect(listed(await second.finish({ apply: false }))).toEqual([
      'a/p: fifo removed',
      'a/u: setuid bits-cleared',
    ]);
    expect(listed(await first.finish({ apply: false }))).toEqual([]);
    expect(modes(workspace, 'old')).toEqual(['4755']);
    const alone = await runIn(workspace, { task: 'true' });
    expect(listed(alone)).toEqual([]);
  });

  test('is let be where it was there before', async () => {
    const workspace = await workspaceWith(
      'mkdir sub; cp /bin/true u; chmod u+s u; mkfifo p sub/q; mkdir g; chmod g+s g; mknod n c 1 3',
    );
    const end = await runIn(workspace, {
      task: '(echo hi >p &) ; cat p; cat u >/dev/null; mkdir g/h; touch g/h/f',
    });
    expect(listed(end)).toEqual([]);
    expect(modes(workspace, 'u', 'g', 'p')).toEqual(['4755', '2755', '644']);
  });

  test.each([
    [
      'was changed in place',
      'printf x >>u; chmod u+s u; touch -d 2001-01-01 u',
      'u: setuid bits-cleared',
    ],
    ['was replaced', 'cp u v; mv v u; chmod u+s u', 'u: setuid bits-cleared'],
    ['got its bits from the task', 'chmod 6711 plain', 'plain: setuid+setgid bits-cleared'],
  ])('is not spared where it was there and %s', async (_, task, line) => {
    const workspace = await workspaceWith(
      'cp /bin/true u; chmod u+s u; touch -d 2001-01-01 u; touch plain',
    );
    expect(listed(await runIn(workspace, { task }))).toEqual([line]);
  });

  test('is found under every name that it has', async () => {
    const workspace = await workspaceWith('');
    const end = await runIn(workspace, {
      task: 'cp /bin/true a; chmod u+s a; mkdir d; ln a d/b; ln a z',
    });
    expect(listed(end)).toEqual([
      'a: setuid bits-cleared',
      'd/b: setuid bits-cleared',
      'z: setuid bits-cleared',
    ]);
    expect(end.report.changes?.added.map(({ mode }) => mode)).toEqual([
      '4755',
      '0755',
      '4755',
      '4755',
    ]);
    expect(modes(workspace, 'a', 'd/b', 'z')).toEqual(['755', '755', '755']);
  });

  test('is never looked for behind a symlink', async () => {
    const workspace = await workspaceWith('mkdir ../outside; cp /bin/true ../outside/u');
    const end = await runIn(workspace, {
      task: 'ln -s ../outside d; ln -s ../outside/u u; chmod u+s ../outside/u; mkfifo ../outside/p',
    });
    expect(listed(end)).toEqual([]);
    expect(modes(workspace, '../outside/u', '../outside/p')).toEqual(['4755', '644']);
  });

  test('is found in writable mounts, also where these are single files', async () => {
    const workspace = await workspaceWith(
      'mkdir ../rw ../ro; touch ../single ../rw/old; mkfifo ../rw/was',
    );
    const mount = (name: string, readOnly = false) => {
      const source = workspace.replace(/app$/, name);
      return { type: 'bind', source, target: `/${name}`, readOnly } as const;
    };
    const end = await runIn(workspace, {
      workspaceMode: 'ro',
      mounts: [mount('rw'), mount('ro', true), mount('single')],
      task: 'cd ..; mkfifo rw/p ro/p beside; chmod u+s rw/old single',
    });
    expect(listed(end)).toEqual([
      'old: setuid bits-cleared',
      'p: fifo removed',
      'single: setuid bits-cleared',
    ]);
    expect(end.report.defused?.map(({ root }) => root)).toEqual(
      ['rw', 'rw', 'single'].map((name) => workspace.replace(/app$/, name)),
    );
    expect(shell('ls -d ../*/p ../rw/was ../beside', workspace).split('\n').slice(0, 3)).toEqual([
      '../beside',
      '../ro/p',
      '../rw/was',
    ]);
  });

  const looks = { scan: { files: 50, ms: 10_000 } };

  test('is found behind more files than the manifest looks at', async () => {
    const workspace = await workspaceWith('');
    const task = 'cp /bin/true zz; chmod u+s zz; mkdir a; seq -f a/%g 100 | xargs mkdir';
    const end = await runIn(workspace, { looks, task });
    expect(listed(end)).toEqual(['zz: setuid bits-cleared']);
    expect(linesOf(end)).toHaveLength(50);
    expect(end.report.changes?.complete).toBe(false);
    expect(end.report.changes?.limitsReached).toEqual([
      'the scan after the task stopped at its limit of 50 files',
    ]);
    expect(end.report.growthBytes).toBeGreaterThan(0);
  });

  test('that was suspicious before is known behind as many', async () => {
    const before = 'cp /bin/true zz; chmod u+s zz; mkdir a; seq -f a/%g 100 | xargs mkdir';
    const workspace = await workspaceWith(before);
    const end = await runIn(workspace, { looks, task: 'touch b a/1/new; rm -r a/99' });
    expect(listed(end)).toEqual([]);
    expect(modes(workspace, 'zz')).toEqual(['4755']);
    // Past the limit nobody knows whether a name is new, so nothing is claimed of it.
    expect(linesOf(end)).toEqual(['+ a/1/new']);
    expect(end.report.changes?.limitsReached).toEqual([
      'the scan before the task stopped at its limit of 50 files',
      'the scan after the task stopped at its limit of 50 files',
    ]);
  });

  test('and cannot be made harmless ends in a failure', async ({ skip }) => {
    const workspace = await workspaceWith('');
    const immutable = (sign: string) => shell(`chattr ${sign}i u 2>&1 || echo no`, workspace);
    const end = await runIn(workspace, {
      task: () => {
        shell('cp /bin/true u; chmod u+s u', workspace);
        if (immutable('+') !== '') skip('chattr +i does not work here');
      },
    });
    immutable('-');
    expect(listed(end)).toEqual(['u: setuid failed']);
    expect(end.failure?.code).toBe('workspace-unsafe');
    expect(end.failure?.message).toContain('u');
  });
});
