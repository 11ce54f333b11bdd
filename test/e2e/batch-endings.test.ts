import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Batch, statusesOf } from '../helpers/batch.ts';
import { finished, printed, readReceipt } from '../helpers/cli.ts';
import { containersOf, describeOn, docker } from '../helpers/engines.ts';

describeOn('docker', 'a task of a batch that somebody else ends', () => {
  const id = (name: string) => `${name}-${process.pid}`;
  const on = ['--engine', 'docker', '-q', '-j', '1'];
  const waiting = { id: id('killed'), line: 'echo up; exec sleep 60' };
  const next = { id: id('next'), command: ['true'] };

  async function killFromOutside(args: readonly string[]) {
    const batch = await Batch.create([waiting, next]);
    const junit = join(batch.workspace.root, 'junit.xml');
    const running = batch.start([...on, '--tag', '--junit', junit, ...args]);
    onTestFinished(() => void running.kill('SIGKILL'));
    await printed(running.stdout, 'up');
    await docker.getContainer(`sandbox-${waiting.id}`).kill();
    const ended = await finished(running);
    return { batch, ended, junit: await readFile(junit, 'utf8') };
  }

  test('is an error for JUnit, and counts for --halt', async () => {
    const { batch, ended, junit } = await killFromOutside(['--halt', 'soon']);
    const summary = await batch.summary();
    expect(ended.exitCode).toBe(1);
    expect(statusesOf(summary)).toEqual([`${waiting.id} cancelled`, `${next.id} not-run`]);
    expect(summary).toMatchObject({ ending: 'halted' });
    expect(summary?.tasks[0]).toMatchObject({
      stoppedByOther: true,
      reason: 'cancelled by somebody else, through the engine (SIGKILL)',
    });
    expect(junit).toContain('errors="1"');
    expect(junit).toContain('<error message="cancelled by somebody else');
    expect(ended.stderr).toContain(`${waiting.id}: cancelled by somebody else`);
    const { evidence } = await readReceipt(summary?.tasks[0]?.receipt ?? '');
    expect(evidence).toMatchObject({
      cancelledBy: 'SIGKILL',
      stoppedBy: 'engine',
      signalsSent: [],
      oomKills: 0,
    });
  });

  test('is run again by --retries', async () => {
    const batch = await Batch.create([
      { ...waiting, line: 'echo x >> tries; [ $(wc -l < tries) -ge 2 ] || { echo up; sleep 60; }' },
    ]);
    const running = batch.start([...on, '--tag', '--retries', '1']);
    onTestFinished(() => void running.kill('SIGKILL'));
    await printed(running.stdout, 'up');
    await docker.getContainer(`sandbox-${waiting.id}`).kill();
    expect((await finished(running)).exitCode).toBe(0);
    const summary = await batch.summary();
    expect(summary?.tasks[0]).toMatchObject({ status: 'passed', attempts: 2 });
    expect(await containersOf(waiting.id)).toEqual([]);
  });
});
