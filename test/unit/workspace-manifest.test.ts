import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { linesOf, runIn, workspaceWith } from './support/workspace-task.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('the manifest', () => {
  test('of a task that changes nothing is empty and complete', async () => {
    const workspace = await workspaceWith('mkdir -p src/deep; echo 1 >src/a; ln -s a src/link');
    const end = await runIn(workspace, { task: 'cat src/a; ls -R' });
    expect(end.report.changes).toEqual({
      added: [],
      changed: [],
      removed: [],
      complete: true,
      limitsReached: [],
    });
    expect(end.failure).toBeNull();
    expect(end.report.defused).toEqual([]);
    expect(end.report.growthBytes).toBe(0);
  });

  test('has what was added, changed and removed, by path', async () => {
    const workspace = await workspaceWith('mkdir old src; echo 1 >old/x; echo 1 >src/a; echo 1 >b');
    const end = await runIn(workspace, {
      task: 'rm -r old; echo 22 >src/a; mkdir -p new/er; echo hi >new/er/f; ln -s ../b new/link; mkfifo p',
    });
    expect(linesOf(end)).toEqual([
      '+ new',
      '+ new/er',
      '+ new/er/f',
      '+ new/link',
      '+ p',
      '~ src/a',
      '- old',
      '- old/x',
    ]);
    const { added = [], changed = [], removed = [] } = end.report.changes ?? {};
    expect(changed).toEqual([
      {
        path: 'src/a',
        pathBase64: null,
        kind: 'file',
        size: 3,
        mode: '0644',
        sha256: sha256('22\n'),
        linkTarget: null,
      },
    ]);
    expect(
      added.map(({ kind, size, sha256, linkTarget }) => [kind, size, sha256, linkTarget]),
    ).toEqual([
      ['directory', null, null, null],
      ['directory', null, null, null],
      ['file', 3, sha256_hi, null],
      ['symlink', 4, null, '../b'],
      ['fifo', null, null, null],
    ]);
    expect(removed.map(({ kind, size, sha256 }) => [kind, size, sha256])).toEqual([
      ['directory', null, null],
      ['file', 2, null],
    ]);
  });

  test('is not deceived by times that were set back', async () => {
    const workspace = await workspaceWith('echo aa >a; touch -d 2001-01-01 a');
    const end = await runIn(workspace, { task: 'echo bb >a; touch -d 2001-01-01 a' });
    expect(linesOf(end)).toEqual(['~ a']);
  });

  test('tells of another mode, of a directory too, and of another kind', async () => {
    const workspace = await workspaceWith('mkdir d e; touch f g; mkdir e/in; touch e/in/x');
    const end = await runIn(workspace, {
      task: 'chmod 700 d; chmod +x f; rm g; mkdir g; touch g/y; rm -r e; ln -s /etc e',
    });
    expect(linesOf(end)).toEqual(['+ g/y', '~ d', '~ e', '~ f', '~ g', '- e/in', '- e/in/x']);
    expect(end.report.changes?.changed.map(({ kind, mode }) => [kind, mode])).toEqual([
      ['directory', '0700'],
      ['symlink', '0777'],
      ['file', '0755'],
      ['directory', '0755'],
    ]);
  });

  test('never looks behind a symlink, wherever it leads', async () => {
    const workspace = await workspaceWith(
      'mkdir ../outside; ln -s ../outside before; touch ../outside/a',
    );
    const end = await runIn(workspace, {
      task: 'touch before/b; ln -s ../outside added; ln -s . loop; echo 2 >before/a',
    });
    expect(linesOf(end)).toEqual(['+ added', '+ loop']);
  });

  test('keeps names that are not text, and those with newlines', async () => {
    const workspace = await workspaceWith('');
    const end = await runIn(workspace, {
      task: String.raw`touch $'a\xff' $'two\nlines' 'ü'; mkdir $'d\xfe'; ln -s $'\xff' $'d\xfe/l'`,
    });
    const base64 = (bytes: string) => Buffer.from(bytes, 'latin1').toString('base64');
    expect(linesOf(end)).toEqual([
      `+ base64:${base64('a\xff')}`,
      `+ base64:${base64('d\xfe')}`,
      `+ base64:${base64('d\xfe/l')}`,
      '+ two\nlines',
      '+ ü',
    ]);
    expect(end.report.changes?.complete).toBe(false);
    expect(end.report.changes?.limitsReached[0]).toContain('link targets that are not UTF-8');
  });

  test('is left out where it is not wanted, and the rest is done all the same', async () => {
    const workspace = await workspaceWith('');
    const end = await runIn(workspace, { manifest: false, task: 'touch a; chmod 6755 a' });
    expect(end.report.changes).toBeNull();
    expect(end.report.defused?.map(({ path }) => path)).toEqual(['a']);
  });

  test('of a read-only workspace tells what somebody else changed, and defuses nothing', async () => {
    const workspace = await workspaceWith('touch a');
    const end = await runIn(workspace, { workspaceMode: 'ro', task: 'mkfifo p; echo 1 >a' });
    expect(linesOf(end)).toEqual(['+ p', '~ a']);
    expect(end.report.defused).toBeNull();
    expect(end.report.growthBytes).toBeNull();
  });

  test('names the first ten thousand changes and says how many more there are', async () => {
    const workspace = await workspaceWith('');
    const end = await runIn(workspace, { task: 'seq -f "%05.0f" 1 10050 | xargs touch' });
    const { added = [], complete, limitsReached } = end.report.changes ?? {};
    expect(added).toHaveLength(10_000);
    expect(added.at(-1)?.path).toBe('10000');
    expect(complete).toBe(false);
    expect(limitsReached).toEqual(['50 more changes are not listed']);
  });
});

const sha256_hi = sha256('hi\n');
