import { createHash } from 'node:crypto';
import {
  lstat,
  mkdir,
  readFile,
  readdir,
  readlink,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Receipt } from '../../src/receipt/receipt.ts';
import { finished } from '../helpers/cli.ts';
import { chosen, describeOnAll } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Path → digest, so that a test reads like the list in the receipt. */
function digests(receipt: Receipt, kind: 'added' | 'changed' | 'removed') {
  const files = receipt.workspace.changes?.[kind] ?? [];
  const rows = files.map(({ path, sha256: digest }) => [path, digest] as const);
  return Object.fromEntries(rows) as Record<string, string | null>;
}

async function withFiles(): Promise<Workspace> {
  const workspace = await Workspace.create();
  await mkdir(join(workspace.path, 'src'));
  for (const name of ['same', 'edited', 'gone', 'src/deep']) {
    await writeFile(join(workspace.path, name), `${name}\n`);
  }
  return workspace;
}

const edit = 'echo new > src/added; echo more >> edited; rm gone; ln -s /etc/passwd link; mkdir d';

describeOnAll('what a task changed', (engine) => {
  const on = [...chosen(engine), '-q'];

  test('is listed with size, mode and digest, and the rest is not', async () => {
    const workspace = await withFiles();
    await workspace.run([...on, '-c', edit]);
    const receipt = await workspace.receipt();
    expect(receipt.workspace.changes).toMatchObject({ complete: true, limitsReached: [] });
    expect(digests(receipt, 'added')).toEqual({
      'src/added': sha256('new\n'),
      link: null,
      d: null,
    });
    expect(digests(receipt, 'changed')).toEqual({ edited: sha256('edited\nmore\n') });
    expect(digests(receipt, 'removed')).toEqual({ gone: null });
    const added = receipt.workspace.changes?.added ?? [];
    expect(added.find(({ path }) => path === 'src/added')).toMatchObject({
      kind: 'file',
      size: 4,
      mode: expect.stringMatching(/^0?644$/) as string,
    });
    expect(added.find(({ path }) => path === 'link')).toMatchObject({
      kind: 'symlink',
      linkTarget: '/etc/passwd',
    });
  });

  test('is seen although the task put the times back', async () => {
    const workspace = await withFiles();
    await workspace.run([...on, '-c', 'cp -p same t; echo SAME > same; touch -r t same; rm t']);
    expect(digests(await workspace.receipt(), 'changed')).toEqual({ same: sha256('SAME\n') });
  });

  test('is not looked for with --no-manifest', async () => {
    const workspace = await withFiles();
    await workspace.run([...on, '--no-manifest', '-c', edit]);
    expect((await workspace.receipt()).workspace.changes).toBeNull();
  });

  test('stays in the copy, whatever it was', async () => {
    const workspace = await withFiles();
    const { exitCode } = await workspace.run([...on, '--workspace-mode', 'copy', '-c', edit]);
    expect(exitCode).toBe(0);
    expect((await readdir(workspace.path)).sort()).toEqual(['edited', 'gone', 'same', 'src']);
    expect(await readFile(join(workspace.path, 'edited'), 'utf8')).toBe('edited\n');
    const receipt = await workspace.receipt();
    expect(receipt.workspace).toMatchObject({ mode: 'copy', applied: null, copyKeptAt: null });
    expect(digests(receipt, 'changed')).toEqual({ edited: sha256('edited\nmore\n') });
    expect(await workspace.receiptNames()).toEqual([`${receipt.id}.json`]);
  });

  test.each([
    ['on-success', 0, true],
    ['on-success', 3, false],
    ['always', 3, true],
    ['never', 0, false],
  ])('is brought back with --apply %s after exit %i: %s', async (policy, code, isBack) => {
    const workspace = await withFiles();
    const { exitCode } = await workspace.run([
      ...[...on, '--workspace-mode', 'copy', '--apply', policy],
      ...['-c', `${edit}; exit ${code}`],
    ]);
    expect(exitCode).toBe(code);
    const edited = await readFile(join(workspace.path, 'edited'), 'utf8');
    expect(edited).toBe(isBack ? 'edited\nmore\n' : 'edited\n');
    const names = await readdir(workspace.path);
    expect(names.includes('gone')).toBe(!isBack);
    if (isBack) expect(await readlink(join(workspace.path, 'link'))).toBe('/etc/passwd');
    const { applied } = (await workspace.receipt()).workspace;
    expect(applied).toEqual(isBack ? { added: 3, changed: 1, removed: 1, skipped: [] } : null);
  });

  test('is not brought back over a change that somebody else made meanwhile', async () => {
    const workspace = await withFiles();
    const running = workspace.start([
      ...[...on, '--workspace-mode', 'copy', '--apply', 'always', '-i'],
      ...['-c', 'echo ready; read line; echo mine > edited; echo new > added'],
    ]);
    const ready = new Promise((resolve) => running.stdout.once('data', resolve));
    await ready;
    await writeFile(join(workspace.path, 'edited'), 'theirs\n');
    running.stdin.end('go\n');
    const { exitCode, stderr } = await finished(running);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('changed meanwhile: edited');
    expect(await readFile(join(workspace.path, 'edited'), 'utf8')).toBe('theirs\n');
    expect(await readdir(workspace.path)).not.toContain('added');
    const names = await workspace.receiptNames();
    const [name = ''] = names.filter((candidate) => candidate.endsWith('.json'));
    const receipt = JSON.parse(
      await readFile(join(workspace.receiptsDir, name), 'utf8'),
    ) as Receipt;
    expect(receipt).toMatchObject({
      status: 'engine-failed',
      task: { exitCode: 0 },
      error: { code: 'workspace-not-applied' },
    });
    const kept = receipt.workspace.copyKeptAt ?? '';
    const found = await Promise.all([kept, join(kept, 'workspace')].map(readAdded));
    expect(found).toContain('new\n');
  });

  test('leaves no setuid, setgid or special file behind, nor follows a symlink to one', async () => {
    const workspace = await withFiles();
    const outside = join(workspace.root, 'outside');
    await writeFile(outside, 'not the task’s', { mode: 0o4755 });
    const { mode } = await stat(outside);
    await symlink(outside, join(workspace.path, 'to-outside'));
    await workspace.run([
      ...on,
      ...[
        '-c',
        'cp /bin/true su; chmod 6755 su; mkfifo pipe; cp same g; chmod 2700 g; chmod 755 same',
      ],
    ]);
    expect((await lstat(join(workspace.path, 'su'))).mode & 0o7777).toBe(0o755);
    expect((await lstat(join(workspace.path, 'g'))).mode & 0o7777).toBe(0o700);
    expect(await readdir(workspace.path)).not.toContain('pipe');
    expect((await stat(outside)).mode).toBe(mode);
    const { defused } = (await workspace.receipt()).workspace;
    const rows = (defused ?? []).map(({ path, found, action }) => `${path} ${found} ${action}`);
    expect(rows.sort()).toEqual([
      'g setgid bits-cleared',
      'pipe fifo removed',
      'su setuid+setgid bits-cleared',
    ]);
  });

  test('ends the task once it is more than --workspace-limit', async () => {
    const workspace = await withFiles();
    const { exitCode, stderr } = await workspace.run([
      ...[...on, '--workspace-limit', '20m', '--timeout', '60s'],
      ...[
        '-c',
        'i=0; while [ $i -lt 400 ]; do head -c 1m /dev/zero > f$i; i=$((i+1)); sleep 0.05; done',
      ],
    ]);
    expect(exitCode).toBe(137);
    expect(stderr).toMatch(/the workspace grew by \d+ MiB \(limit 20 MiB\), ended by SIGKILL/);
    const receipt = await workspace.receipt();
    expect(receipt.status).toBe('workspace-limit');
    expect(receipt.evidence.workspaceLimit?.limitBytes).toBe(20 * 1024 ** 2);
    expect(receipt.evidence.workspaceLimit?.seenBytes).toBeGreaterThan(20 * 1024 ** 2);
  });

  test('counts what has no name any more and is held open', async () => {
    const workspace = await withFiles();
    const line = 'exec 3> hole; rm hole; head -c 64m /dev/zero >&3; read forever';
    const args = [...on, '-i', '--workspace-limit', '20m', '--timeout', '60s', '-c', line];
    const child = workspace.start(args);
    expect((await child).exitCode).toBe(137);
    expect((await workspace.receipt()).status).toBe('workspace-limit');
  });

  test('is no success where it was found past the limit only at the end', async () => {
    const workspace = await withFiles();
    const args = [...on, '--workspace-limit', '1m', '-c', 'head -c 5m /dev/zero > f'];
    expect((await workspace.run(args)).exitCode).toBe(137);
    const receipt = await workspace.receipt();
    expect(receipt).toMatchObject({ status: 'workspace-limit' });
    // All 5 MiB, unless a look came while they were written.
    const { size } = await stat(join(workspace.path, 'f'));
    expect(receipt.workspace.growthBytes).toBeGreaterThanOrEqual(Math.max(size, 1024 ** 2 + 1));
  });

  test('never comes back from a copy that was found past the limit', async () => {
    const workspace = await withFiles();
    const copy = ['--workspace-mode', 'copy', '--apply', 'always', '--workspace-limit', '1m'];
    const args = [...chosen(engine), ...copy, '-c', 'head -c 5m /dev/zero > f'];
    const { exitCode, stderr } = await workspace.run(args);
    expect(exitCode).toBe(137);
    expect(stderr).toContain('the changes were not brought back: --apply always');
    expect((await workspace.receipt()).workspace.applied).toBeNull();
    expect(await readdir(workspace.path)).not.toContain('f');
  });

  test('is nothing in a workspace that it can only read', async () => {
    const workspace = await withFiles();
    const args = [...on, '--workspace-mode', 'ro', '-c', 'echo x > new; rm gone; cat same'];
    const { stdout, stderr } = await workspace.run(args);
    expect(stdout).toBe('same\n');
    expect(stderr).toMatch(/Read-only file system/);
    expect((await readdir(workspace.path)).sort()).toEqual(['edited', 'gone', 'same', 'src']);
    expect((await workspace.receipt()).workspace.mode).toBe('ro');
  });
});

async function readAdded(directory: string): Promise<string | null> {
  return await readFile(join(directory, 'added'), 'utf8').catch(() => null);
}
