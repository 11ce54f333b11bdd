import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { rowStatuses } from '../../src/receipt/batch-summary.ts';
import { Batch, statusesOf } from '../helpers/batch.ts';
import { finished, printed, readReceipt, runCli } from '../helpers/cli.ts';
import { chosen, containersOf, describeOnAll } from '../helpers/engines.ts';

describeOnAll('a batch', (engine) => {
  const on = [...chosen(engine), '-q'];
  const sh = (line: string) => ['sh', '-c', line];
  /** Ids are one for all on an engine, and other tests run tasks there, too. */
  const own = (name: string) => `${name}-${process.pid}`;

  test('runs every task, and summary and receipts say the same', async () => {
    const batch = await Batch.create([
      { id: own('good'), command: ['true'] },
      { id: own('bad'), command: sh('echo why >&2; exit 3') },
      { id: own('slow'), command: ['sleep', '60'], timeout: '300ms', killAfter: '0' },
      { id: own('missing'), command: ['no-such-program'] },
      { line: 'echo $WHO', env: { WHO: 'me' } },
    ]);
    const { exitCode, stdout, summary } = await batch.run([...on, '-j', '2']);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(statusesOf(summary)).toEqual([
      ...[`${own('good')} passed`, `${own('bad')} failed`, `${own('slow')} timed-out`],
      ...[`${own('missing')} not-started`, 'tasks-5 passed'],
    ]);
    expect(summary).toMatchObject({ ending: 'completed', exitCode: 1, jobs: 2, name: 'tasks' });
    const counts = summary?.counts.byStatus ?? {};
    expect(Object.keys(counts).toSorted()).toEqual(rowStatuses.toSorted());
    expect(counts).toMatchObject({ passed: 2, failed: 1, 'timed-out': 1, 'not-started': 1 });
    for (const row of summary?.tasks ?? []) {
      const receipt = await readReceipt(row.receipt ?? '');
      expect([receipt.id, receipt.status, receipt.exitCode]).toEqual([
        ...[row.id, row.status, row.exitCode],
      ]);
      expect(await containersOf(row.id, engine)).toEqual([]);
    }
    const said = await readReceipt(join(batch.workspace.receiptsDir, 'tasks-5.json'));
    expect(said.stdout.text).toBe('me\n');
  });

  test('without a failure it is 0, and options are defaults for all', async () => {
    const batch = await Batch.create([
      { command: sh('echo $A$B') },
      { command: sh('echo $A$B'), env: { B: '3' }, memory: '64m' },
    ]);
    const flags = ['-e', 'A=1', '-e', 'B=2', '-m', '32m', '--keep-order'];
    const { exitCode, stdout, summary } = await batch.run([...on, ...flags]);
    expect([exitCode, stdout]).toEqual([0, '12\n13\n']);
    const limits = summary?.tasks.map(async ({ receipt }) => {
      return (await readReceipt(receipt ?? '')).limits.requested.memoryBytes;
    });
    expect(await Promise.all(limits ?? [])).toEqual([32 * 1024 ** 2, 64 * 1024 ** 2]);
  });

  test('with --tag each line says whose it is', async () => {
    const batch = await Batch.create([
      { id: own('a'), command: sh('echo one; echo two >&2; printf three') },
    ]);
    const { stdout, stderr } = await batch.run([...on, '--tag']);
    const tag = `${own('a')}\t`;
    expect([stdout, stderr]).toEqual([`${tag}one\n${tag}three\n`, `${tag}two\n`]);
  });

  test('--halt soon starts no more, --halt now ends those that run', async () => {
    const [bad, long, never] = [own('bad'), own('long'), own('never')];
    const tasks = (line: string) => [
      { id: bad, command: ['false'] },
      { id: long, command: sh(line) },
      { id: never, command: ['true'] },
    ];
    const batch = await Batch.create(tasks('exec sleep 60'));
    const now = await batch.run([...on, '-j', '2', '--halt', 'now']);
    expect(statusesOf(now.summary)).toEqual([
      ...[`${bad} failed`, `${long} cancelled`, `${never} not-run`],
    ]);
    expect(now.summary).toMatchObject({ ending: 'halted', exitCode: 1 });
    expect(now.summary?.tasks[1]?.reason).toMatch(/^cancelled by the batch's --halt/);
    const { evidence } = await readReceipt(now.summary?.tasks[1]?.receipt ?? '');
    expect(evidence).toMatchObject({ cancelledBy: 'SIGTERM', stoppedBy: 'batch halt' });

    await batch.rewrite(tasks('until [ -e go ]; do sleep 0.05; done'));
    const soon = batch.start([...on, '-j', '2', '--halt', 'soon,fail=1', '--json']);
    onTestFinished(() => void soon.kill('SIGKILL'));
    await printed(soon.stdout, '"task-ended"');
    await writeFile(join(batch.workspace.path, 'go'), '');
    await finished(soon);
    expect(statusesOf(await batch.summary())).toEqual([
      ...[`${bad} failed`, `${long} passed`, `${never} not-run`],
    ]);
  });

  test('--deadline ends all of it', async () => {
    const [long, never] = [own('long'), own('never')];
    const batch = await Batch.create([
      { id: long, command: ['sleep', '60'] },
      { id: never, command: ['true'] },
    ]);
    const junit = join(batch.workspace.root, 'junit.xml');
    const args = [...on, '-j', '1', '--junit', junit];
    const { exitCode, summary } = await batch.runToDeadline(3, async (deadline) => {
      return await batch.run([...args, '--deadline', deadline]);
    });
    expect(exitCode).toBe(1);
    expect(summary?.ending).toBe('deadline');
    expect(statusesOf(summary)).toEqual([`${long} cancelled`, `${never} not-run`]);
    // The receipt says by itself what the summary says, and it is nobody else's doing.
    const [row] = summary?.tasks ?? [];
    const why = "cancelled by the batch's deadline, ended by SIGTERM";
    expect([row?.reason, row?.stoppedByOther]).toEqual([why, false]);
    expect(await readFile(junit, 'utf8')).toContain(`<skipped message="${why}`);
    const path = row?.receipt ?? '';
    const { evidence } = await readReceipt(path);
    expect(evidence).toMatchObject({ cancelledBy: 'SIGTERM', stoppedBy: 'batch deadline' });
    const shown = await runCli(['receipt', 'show', path], { cwd: batch.workspace.path });
    expect(shown.stdout).toContain(why);
    expect(shown.stdout).toMatch(/cancelled by +the batch's deadline\n/);
  });

  test('--retry-on tries again, and the last try counts', async () => {
    const flaky = 'echo x >> tries; [ $(wc -l < tries) -ge 3 ]';
    const batch = await Batch.create([{ id: own('flaky'), command: sh(flaky) }]);
    const once = await batch.run([...on, '--retries', '5']);
    expect(statusesOf(once.summary)).toEqual([`${own('flaky')} failed`]);
    const more = await batch.run([...on, '--retries', '5', '--retry-on', 'failed']);
    expect(more.exitCode).toBe(0);
    expect(more.summary?.tasks[0]).toMatchObject({ status: 'passed', attempts: 2 });
  });

  test('--resume takes what ended before, --resume-failed only what passed', async () => {
    const count = (name: string) => ({ id: own(name), command: sh(`echo x >> ${name}`) });
    const bad = { id: own('bad'), command: sh('echo x >> bad; exit 1') };
    const batch = await Batch.create([count('good'), bad, count('other')]);
    await batch.run(on);
    await rm(join(batch.workspace.receiptsDir, `${own('other')}.json`));
    const shown = await batch.run([...on, '--resume', '--dry-run']);
    expect(shown.stdout).toMatch(new RegExp(`^${own('other')}\\t.*\\n$`));
    const resumed = await batch.run([...on, '--resume']);
    expect(resumed.exitCode).toBe(1);
    expect(resumed.summary?.counts.reused).toBe(2);
    expect(statusesOf(resumed.summary)).toEqual([
      ...[`${own('good')} passed`, `${own('bad')} failed`, `${own('other')} passed`],
    ]);

    await batch.rewrite([{ ...count('good'), env: { NEW: '1' } }, bad, count('other')]);
    await batch.run([...on, '--resume-failed']);
    const lines = async (name: string) =>
      (await readFile(join(batch.workspace.path, name), 'utf8')).length / 2;
    // The first is another task now, the second failed, and the third had passed.
    expect([await lines('good'), await lines('bad'), await lines('other')]).toEqual([2, 2, 2]);
  });

  test('Ctrl-C lets those that run finish, and a second one ends them', async () => {
    const wait = 'echo up; until [ -e go ]; do sleep 0.05; done';
    const [first, second] = [own('first'), own('second')];
    const batch = await Batch.create([
      { id: first, command: sh(wait) },
      { id: second, command: ['true'] },
    ]);
    const gentle = batch.start([...on, '-j', '1', '--tag']);
    await printed(gentle.stdout, 'up');
    gentle.kill('SIGINT');
    await writeFile(join(batch.workspace.path, 'go'), '');
    expect((await finished(gentle)).exitCode).toBe(130);
    const after = await batch.summary();
    expect(statusesOf(after)).toEqual([`${first} passed`, `${second} not-run`]);
    expect(after?.ending).toBe('cancelled');

    await rm(join(batch.workspace.path, 'go'));
    const twice = batch.start([...chosen(engine), '-j', '1', '--tag']);
    await printed(twice.stdout, 'up');
    twice.kill('SIGINT');
    await printed(twice.stderr, 'interrupt again to stop it');
    twice.kill('SIGINT');
    expect((await finished(twice)).exitCode).toBe(130);
    expect(statusesOf(await batch.summary())).toEqual([
      ...[`${first} cancelled`, `${second} not-run`],
    ]);
    expect(await containersOf(first, engine)).toEqual([]);
  });

  test('a killed one is resumed: what had passed does not run again, and nothing is lost', async () => {
    const line = (index: number) => `echo x >> ran-${index}`;
    const tasks = Array.from({ length: 12 }, (_, index) => ({
      ...{ id: own(`t${index}`), command: sh(line(index)) },
    }));
    const batch = await Batch.create(tasks);
    const killed = batch.start([...on, '-j', '2', '--json']);
    onTestFinished(() => void killed.kill('SIGKILL'));
    await printed(killed.stdout, '"task-ended"');
    killed.kill('SIGKILL');
    await finished(killed);
    const passed = new Set<string>();
    for (const name of await batch.workspace.receiptNames()) {
      if (!name.endsWith('.json') || name.startsWith('.')) continue;
      const receipt = await readReceipt(join(batch.workspace.receiptsDir, name));
      if (receipt.status === 'passed') passed.add(receipt.id);
    }
    expect(passed.size).toBeGreaterThan(0);
    const { exitCode, summary } = await batch.run([...on, '-j', '2', '--resume']);
    expect(exitCode).toBe(0);
    expect(summary?.tasks.length).toBe(12);
    expect(summary?.counts.reused).toBe(passed.size);
    for (const { id, status, reused } of summary?.tasks ?? []) {
      expect([id, status, reused]).toEqual([id, 'passed', passed.has(id)]);
    }
  });
});
