import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { removeTree } from '../../src/engine/remove-tree.ts';
import { describeOnAll } from '../helpers/engines.ts';
import { HostileRun } from '../helpers/hostile-run.ts';

// As in hostile-tasks.test.ts, every run asserts that nothing is left.
describeOnAll('a task that takes what it can get', (engine) => {
  test('of the host by symlinks in the place of directories gets nothing', async () => {
    const task = await HostileRun.on(engine);
    const { path, root } = task.workspace;
    await mkdir(join(path, 'src'));
    await mkdir(join(root, 'outside'));
    await writeFile(join(root, 'outside/tool'), 'kept');
    await chmod(join(root, 'outside/tool'), 0o4755);
    await symlink('src', join(path, 'link'));
    const line = `rm -r src link; ln -s ${root}/outside src; ln -s / root; ln -s src/tool link; ln -s ${path}.receipts r`;
    const { exitCode, receipt } = await task.of('-c', line);
    expect(exitCode).toBe(0);
    const { changes, defused } = receipt.workspace;
    expect(defused).toEqual([]);
    expect(changes?.added.map((one) => one.path)).toEqual(['r', 'root']);
    expect((await stat(join(root, 'outside/tool'))).mode & 0o7777).toBe(0o4755);
    expect(await readdir(join(root, 'outside'))).toEqual(['tool']);
  });

  test('of names has those that are no line, too', async () => {
    const task = await HostileRun.on(engine);
    const { exitCode, receipt } = await task.of('-c', String.raw`touch "$(printf 'a\nb\033[1mc')"`);
    expect(exitCode).toBe(0);
    expect(receipt.workspace.changes?.added.map(({ path }) => path)).toEqual(['a\nb\x1b[1mc']);
  });
});

describeOnAll('a task that leaves more than can be listed', (engine) => {
  test('as 100,000 files has them counted', async () => {
    const task = await HostileRun.on(engine);
    const { exitCode, receipt } = await task.of('-c', 'seq 100000 | xargs touch');
    expect(exitCode).toBe(0);
    expect(receipt.workspace.changes?.added).toHaveLength(10_000);
    expect(receipt.workspace.changes?.limitsReached).toEqual(['90000 more changes are not listed']);
  });

  test('as 10,000 directories in each other has them counted', async () => {
    const task = await HostileRun.on(engine);
    onTestFinished(() => removeTree(join(task.workspace.path, 'd')));
    const script = 'for (1..10000) { mkdir "d" or die; chdir "d" or die }';
    const { exitCode, receipt } = await task.of('--', 'perl', '-e', script);
    expect(exitCode).toBe(0);
    expect(receipt.workspace.changes?.limitsReached[0]).toMatch(/more changes are not listed/);
  });
});
