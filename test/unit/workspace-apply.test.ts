import { existsSync, renameSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runIn, shell, workspaceWith } from './support/workspace-task.ts';

const copy = { workspaceMode: 'copy', apply: 'always', applied: true } as const;
const listing =
  "find . -printf '%P %y %m %l\n' | sort; find . -type f -print0 | sort -z | xargs -0r tail -n +1";
const receipts = (workspace: string) =>
  shell('ls -A ../app.receipts', workspace).trim().split('\n');

describe('changes that are brought back', () => {
  test.each([
    [
      'files',
      'echo 1 >a; echo 1 >b',
      'echo 2 >a; rm b; echo 3 >c; mkdir -p d/e; touch d/e/f; chmod 700 d',
    ],
    ['an empty directory', 'touch a', 'mkdir -p e/f'],
    ['nothing', 'touch a', 'true'],
    [
      'symlinks, verbatim',
      'touch a; ln -s a l; ln -s a gone',
      'ln -sfn /etc/passwd l; ln -s ../../x m; rm gone',
    ],
    ['modes', 'touch a; mkdir d', 'chmod 711 d; chmod 755 a'],
    ['a file for a directory', 'mkdir -p d/e; touch d/e/f d/g', 'rm -r d; echo 1 >d'],
    ['a directory for a file', 'echo 1 >d', 'rm d; mkdir -p d/e; touch d/e/f'],
    ['a directory for a symlink', 'mkdir ../out; ln -s ../out d', 'rm d; mkdir d; touch d/f'],
    ['a symlink for a directory', 'mkdir -p d/e; touch d/e/f', 'rm -r d; ln -s /etc d'],
    ['a directory that was moved', 'mkdir -p a/b/c; touch a/b/c/f', 'mv a z; mv z/b z/y'],
    [
      'names that are not text',
      String.raw`touch $'a\xff'`,
      String.raw`rm $'a\xff'; echo 1 >$'\xfe\n'`,
    ],
    [
      'many',
      'seq -f %g 300 | xargs touch',
      'seq 1 3 300 | xargs rm; for f in *; do echo $f >$f; done',
    ],
  ])('are the same in the original: %s', async (_, before, task) => {
    const workspace = await workspaceWith(before);
    let wanted = '';
    const end = await runIn(workspace, {
      ...copy,
      task: (shown) => {
        shell(task, shown);
        wanted = shell(listing, shown);
      },
    });
    expect(end.failure).toBeNull();
    expect(shell(listing, workspace)).toBe(wanted);
    const { added = [], changed = [], removed = [] } = end.report.changes ?? {};
    expect(end.report.applied).toEqual({
      added: added.length,
      changed: changed.length,
      removed: removed.length,
      skipped: [],
    });
    expect(receipts(workspace)).toEqual(['']);
  });

  test('leave alone what was not changed', async () => {
    const workspace = await workspaceWith('mkdir d; touch d/a d/b c');
    const identity = () => shell('stat -c "%i %Z" d/a c', workspace);
    const before = identity();
    await runIn(workspace, { ...copy, task: 'echo 2 >d/b; touch d/new' });
    expect(identity()).toBe(before);
  });

  test('have no privileges, and special files stay behind', async () => {
    const workspace = await workspaceWith('touch g; mkdir s; chmod g+s s');
    const end = await runIn(workspace, {
      ...copy,
      task: 'cp /bin/true u; chmod 6755 u; mkfifo p; mkdir d; chmod 3777 d; chmod 2700 s; rm g; mkfifo g',
    });
    expect(shell('stat -c "%n %a" *', workspace).trim().split('\n')).toEqual([
      'd 1777',
      'g 644',
      's 2700',
      'u 755',
    ]);
    expect(end.report.applied?.skipped).toEqual(['p, g: it is a fifo']);
    expect(end.failure).toBeNull();
  });

  test('belong to whom they belonged in the copy', async () => {
    const workspace = await workspaceWith('touch a b; chown 1234:1235 . a');
    await runIn(workspace, { ...copy, task: 'echo 1 >a; touch c; chown -h 1234 c' });
    expect(shell('stat -c %u:%g a b c', workspace)).toBe('1234:1235\n0:0\n1234:0\n');
  });

  test('do not touch what .dockerignore leaves out', async () => {
    const workspace = await workspaceWith(
      'mkdir -p build/cache src; touch build/cache/x build/old src/a; printf "%s\n" build/cache "*.tmp" >.dockerignore',
    );
    const end = await runIn(workspace, {
      ...copy,
      task: 'rm -r build; mkdir -p build/cache; touch build/cache/y a.tmp b; echo >.dockerignore',
    });
    expect(shell('find . -type f | sort', workspace).trim().split('\n')).toEqual([
      './.dockerignore',
      './b',
      './build/cache/x',
      './src/a',
    ]);
    expect(end.failure).toBeNull();
    expect(end.report.applied?.skipped).toEqual([
      'build/cache/y, build/cache, a.tmp: ignored by .dockerignore',
    ]);
  });

  test('leave a directory that holds more than the copy did', async () => {
    const workspace = await workspaceWith(
      'mkdir d; touch d/a d/b.log; echo "**/*.log" >.dockerignore',
    );
    const end = await runIn(workspace, { ...copy, task: 'rm -r d' });
    expect(shell('find d', workspace)).toBe('d\nd/b.log\n');
    expect(end.report.applied).toMatchObject({
      removed: 1,
      skipped: ['d: it still holds files that the copy did not have'],
    });
  });

  test('of a file with several names are no conflict with themselves', async () => {
    const workspace = await workspaceWith('echo 1 >a; ln a b; ln a c');
    const end = await runIn(workspace, { ...copy, task: 'echo 2 >a; rm b; echo 3 >c' });
    expect(end.failure).toBeNull();
    expect(shell('cat a c; ls', workspace)).toBe('2\n3\na\nc\n');
  });
});

describe('where the original has changed too', () => {
  test.each([
    ['a file that the task changed', 'echo 2 >a', 'echo 3 >a', 'a'],
    ['a file that the task removed', 'rm a', 'chmod +x a', 'a'],
    ['a file that both added', 'echo 1 >n', 'echo 1 >n', 'n'],
    ['a file that both removed', 'rm a', 'rm a', 'a'],
    ['a directory that is a symlink now', 'touch d/n', 'mv d e; ln -s e d', 'd/n'],
    ['a directory that is another one now', 'touch d/n', 'mv d e; mkdir d', 'd/n'],
    ['a directory that has gone', 'touch d/n', 'rm -r d', 'd/n'],
    ['a directory that becomes a file', 'rm -r d; touch d', 'touch d/new', 'd'],
  ])('nothing is brought back: %s', async (_, task, meanwhile, path) => {
    const workspace = await workspaceWith('echo 1 >a; mkdir d; touch d/x; echo 0 >other');
    let wanted = '';
    const end = await runIn(workspace, {
      ...copy,
      task: (shown) => {
        shell(`${task}; echo 9 >other`, shown);
        shell(meanwhile, workspace);
        wanted = shell(listing, workspace);
      },
    });
    expect(end.failure?.code).toBe('workspace-not-applied');
    expect(end.failure?.message).toContain(`the original has changed meanwhile: ${path}`);
    expect(end.report.applied).toBeNull();
    expect(shell(listing, workspace)).toBe(wanted);
    expect(end.report.copyKeptAt).toBe(`${workspace}.receipts/task.copy/workspace`);
    expect(shell('cat other', end.report.copyKeptAt ?? '')).toBe('9\n');
    expect(end.failure?.hint).toContain(end.report.copyKeptAt);
  });

  test('elsewhere, the changes are brought back', async () => {
    const workspace = await workspaceWith('echo 1 >a; echo 1 >b; mkdir d');
    const end = await runIn(workspace, {
      ...copy,
      task: 'echo 2 >a',
      meanwhile: 'echo 3 >b; touch d/x',
    });
    expect(end.failure).toBeNull();
    expect(shell('cat a b; ls d', workspace)).toBe('2\n3\nx\n');
  });

  test('every copy that is kept has a place of its own, and no later run removes it', async () => {
    const workspace = await workspaceWith('echo 1 >a');
    const conflict = { ...copy, task: 'echo 2 >a', meanwhile: 'echo 3 >>a' };
    const kept = [await runIn(workspace, conflict), await runIn(workspace, conflict)];
    await runIn(workspace, { ...copy, task: 'true' });
    expect(kept.map(({ report }) => report.copyKeptAt)).toEqual([
      `${workspace}.receipts/task.copy/workspace`,
      `${workspace}.receipts/task.copy-2/workspace`,
    ]);
    expect(receipts(workspace)).toEqual(['task.copy', 'task.copy-2']);
    expect(shell('ls -A task.copy', `${workspace}.receipts`)).toBe('workspace\n');
  });
});

describe('changes that cannot be brought back safely', () => {
  test('never go through a symlink that takes the place of a directory', async () => {
    const workspace = await workspaceWith('mkdir d ../outside; echo 1 >../outside/f; echo 1 >d/f');
    const end = await runIn(workspace, {
      ...copy,
      task: (shown) => {
        shell('echo evil >d/f; echo evil >d/g', shown);
        renameSync(`${workspace}/d`, `${workspace}/was`);
        symlinkSync('../outside', `${workspace}/d`);
      },
    });
    expect(end.failure?.code).toBe('workspace-not-applied');
    expect(shell('cat *', workspace.replace(/app$/, 'outside'))).toBe('1\n');
  });

  test('stay in the copy where not all of it was looked at', async () => {
    const workspace = await workspaceWith('echo 1 >a');
    const looks = { scan: { files: 5, ms: 10_000 } };
    const end = await runIn(workspace, { ...copy, looks, task: 'echo 2 >a; touch 1 2 3 4 5 6' });
    expect(end.failure?.code).toBe('workspace-not-applied');
    expect(end.failure?.message).toContain('limit of 5 files');
    expect(shell('cat *', workspace)).toBe('1\n');
    expect(existsSync(`${end.report.copyKeptAt ?? ''}/6`)).toBe(true);
  });

  test('are brought back although the receipt cannot list them all', async () => {
    const workspace = await workspaceWith('');
    const end = await runIn(workspace, { ...copy, looks: { listed: 2 }, task: 'touch 1 2 3' });
    expect(end.report.applied?.added).toBe(3);
    expect(end.report.changes?.complete).toBe(false);
  });

  test('stay in the copy where the disk is full, and it says how many came', async ({ skip }) => {
    const workspace = await workspaceWith('');
    try {
      shell('mount -t tmpfs -o size=1m none . 2>/dev/null', workspace);
    } catch {
      skip('only root can mount');
    }
    try {
      shell('echo 1 >a; echo 1 >gone', workspace);
      const task = 'echo 2 >a; head -c 3M /dev/zero >b; touch c; rm gone';
      const end = await runIn(workspace, { ...copy, task });
      expect(end.failure?.code).toBe('workspace-not-applied');
      expect(end.failure?.message).toBe(
        '1 of 4 changes were brought back, then b failed: the disk is full',
      );
      expect(end.report.applied).toEqual({ added: 0, changed: 1, removed: 0, skipped: [] });
      expect(shell('cat a; ls -A', workspace)).toBe('2\na\ngone\n');
      expect(shell('ls', end.report.copyKeptAt ?? '')).toBe('a\nb\nc\n');
    } finally {
      shell('umount app', workspace.replace(/app$/, ''));
    }
  });
});
