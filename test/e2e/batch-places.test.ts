import { execFileSync } from 'node:child_process';
import { lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Batch } from '../helpers/batch.ts';

const on = ['--engine', 'simulation', '-q'];
const task = { id: 'placed', command: ['true'] };

describe('what a batch writes', () => {
  test.each([
    ['--summary', 'receipt', 'expected a path of its own, got that of the receipt of placed'],
    ['--report', 'receipt', 'expected a path of its own, got that of the receipt of placed'],
    ['--junit', 'file', 'expected a path of its own, got that of the batch file'],
    ['--summary', 'file', 'expected a path of its own, got that of the batch file'],
    ['--summary', 'workspace', 'expected a path that no task can write to'],
  ])('does not go with %s to the %s', async (flag, kind, message) => {
    const batch = await Batch.create([task]);
    const paths = {
      receipt: join(batch.workspace.receiptsDir, 'placed.json'),
      file: batch.file,
      workspace: join(batch.workspace.path, 'summary.json'),
    };
    const before = await readFile(batch.file, 'utf8');
    const path = paths[kind as keyof typeof paths];
    const { exitCode, stderr } = await batch.run([...on, flag, path]);
    expect([exitCode, await readFile(batch.file, 'utf8')]).toEqual([125, before]);
    expect(stderr).toContain(message);
    expect(await batch.workspace.receiptNames()).toEqual([]);
  });

  test('does not go twice to one path', async () => {
    const batch = await Batch.create([task]);
    const path = join(batch.workspace.root, 'both');
    const { exitCode, stderr } = await batch.run([...on, '--junit', path, '--report', path]);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('got that of --junit');
  });

  test('is no receipt that another task could change', async () => {
    const batch = await Batch.create([task, { id: 'two', command: ['true'], workspace: 'sub' }]);
    await mkdir(join(batch.workspace.path, 'sub'));
    const { exitCode, stderr } = await batch.run(on);
    expect(exitCode).toBe(125);
    expect(stderr).toMatch(/the receipt of two +expected a path that no task can write to/);
    const moved = { env: { SANDBOX_RECEIPT_DIR: batch.workspace.receiptsDir } };
    expect((await batch.run(on, moved)).exitCode).toBe(0);
  });

  test.each(['--summary', '--junit', '--report'])(
    'never takes the place of a pipe: %s',
    async (flag) => {
      const batch = await Batch.create([task]);
      const [pipe, link] = [join(batch.workspace.root, 'pipe'), join(batch.workspace.root, 'link')];
      execFileSync('mkfifo', [pipe]);
      await symlink(pipe, link);
      for (const path of [pipe, link]) {
        const { exitCode, stderr } = await batch.run([...on, flag, path]);
        expect(exitCode).toBe(125);
        expect(stderr).toContain('it is no regular file');
      }
      expect((await lstat(pipe)).isFIFO()).toBe(true);
      expect((await lstat(link)).isSymbolicLink()).toBe(true);
    },
  );
});

test('a receipt never takes the place of a pipe either', async () => {
  const batch = await Batch.create([task]);
  const pipe = join(batch.workspace.root, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const run = ['--engine', 'simulation', '-q', '--receipt', pipe, '--', 'true'];
  const { exitCode, stderr } = await batch.workspace.run(run);
  expect(exitCode).toBe(125);
  expect(stderr).toContain('it is no regular file');
  expect((await lstat(pipe)).isFIFO()).toBe(true);
});

test('a list is no set of variables', async () => {
  const batch = await Batch.create([]);
  await writeFile(batch.file, '{"command": ["true"], "env": ["A=1"]}\n');
  const { exitCode, stderr } = await batch.run(on);
  expect(exitCode).toBe(125);
  expect(stderr).toContain('expected an object with texts in it, got a list');
});
