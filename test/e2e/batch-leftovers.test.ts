import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Batch } from '../helpers/batch.ts';
import { containersOf, describeOn, docker } from '../helpers/engines.ts';
import { type Fault, faultyEngine, hangUp } from '../helpers/faulty-engine.ts';
import { calls } from '../helpers/faulty-run.ts';

describeOn('docker', 'what an engine that went away kept of a batch', () => {
  /** An engine that breaks off the first wait, and as many removals as it is told to. */
  async function batchOn(id: string, lostRemovals: number, args: readonly string[]) {
    const root = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    onTestFinished(async () => {
      const left = await docker.listContainers({
        ...{ all: true, filters: { label: [`sandbox-run.task=${id}`] } },
      });
      // Whoever else runs a task now removes it, too.
      await Promise.allSettled(
        left.map(({ Id }) => docker.getContainer(Id).remove({ force: true })),
      );
    });
    let [waits, removals] = [0, 0];
    let atRemoval: string[] = [];
    const losesRemoval: Fault = (connection) => {
      const look = async () => void (atRemoval = await containersOf(id));
      void look().finally(() => hangUp(connection));
    };
    const path = join(root, 'engine.sock');
    const engine = await faultyEngine(path, (call): Fault | null => {
      if (calls.wait.test(call)) return (waits += 1) === 1 ? hangUp : null;
      if (calls.remove.test(call)) return (removals += 1) <= lostRemovals ? losesRemoval : null;
      return null;
    });
    onTestFinished(() => engine.close());
    const batch = await Batch.create([{ id, command: ['true'] }]);
    const ended = await batch.run(['--host', `unix://${path}`, '-q', '-j', '1', ...args]);
    return { ...ended, atRemoval };
  }

  test('does not stand in the way of a retry', async () => {
    const id = `retried-${process.pid}`;
    const { exitCode, summary } = await batchOn(id, 1, ['--retries', '1']);
    expect(summary?.tasks[0]).toMatchObject({ status: 'passed', attempts: 2 });
    expect([exitCode, summary?.leftBehind]).toEqual([0, []]);
    expect(await containersOf(id)).toEqual([]);
  });

  test('is removed at the end of the batch', async () => {
    const id = `once-${process.pid}`;
    const { exitCode, summary } = await batchOn(id, 1, []);
    expect(summary?.tasks[0]).toMatchObject({ status: 'engine-failed', attempts: 1 });
    expect([exitCode, summary?.leftBehind]).toEqual([1, []]);
    expect(await containersOf(id)).toEqual([]);
  });

  test('is told where it cannot be removed then either', async () => {
    const id = `stuck-${process.pid}`;
    const { exitCode, summary, stderr, atRemoval } = await batchOn(id, Infinity, []);
    expect(exitCode).toBe(1);
    expect(summary?.leftBehind).toEqual([expect.stringContaining(`sandbox-${id}: `)]);
    expect(stderr).toContain(
      `could not be removed, the next sandbox command tries again: sandbox-${id}`,
    );
    // At the last try: once the batch has ended, whoever runs a task next removes it.
    expect(atRemoval).toEqual([`/sandbox-${id}`]);
  });
});
