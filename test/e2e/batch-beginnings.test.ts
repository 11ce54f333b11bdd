import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Batch, statusesOf } from '../helpers/batch.ts';
import { finished } from '../helpers/cli.ts';
import { describeOn } from '../helpers/engines.ts';
import { faultyEngine, freeze } from '../helpers/faulty-engine.ts';

describeOn('docker', 'an engine that does not answer', () => {
  test('does not keep Ctrl-C from ending a batch', async () => {
    const batch = await Batch.create([{ id: 'begun', command: ['true'] }]);
    const root = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    let onAsked: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (onAsked = resolve));
    const engine = await faultyEngine(join(root, 'engine.sock'), () => {
      onAsked();
      return freeze;
    });
    onTestFinished(() => engine.close());
    const running = batch.start(['--host', `unix://${join(root, 'engine.sock')}`]);
    onTestFinished(() => void running.kill('SIGKILL'));
    await asked;
    running.kill('SIGINT');
    // Whoever waits for the engine is told after ten seconds that it is frozen, which is 125.
    expect((await finished(running)).exitCode).toBe(130);
    const summary = await batch.summary();
    expect(summary?.ending).toBe('cancelled');
    expect(statusesOf(summary)).toEqual(['begun not-run']);
  });
});

describe('what no task of a batch can have here', () => {
  const on = ['--engine', 'simulation'];

  test('is told once, before any of them starts', async () => {
    const tasks = Array.from({ length: 3 }, () => ({ command: ['true'] }));
    const batch = await Batch.create(tasks);
    const { exitCode, stderr, summary } = await batch.run([...on, '--isolation', 'container']);
    expect([exitCode, summary]).toEqual([125, null]);
    expect(stderr.match(/--isolation container was asked for/g)).toHaveLength(1);
    expect(stderr).toContain('Nothing was started.');
    expect(await batch.workspace.receiptNames()).toEqual([]);
  });

  test('keeps the others from starting, too, and all of it is told', async () => {
    const batch = await Batch.create([
      { id: 'fine', command: ['true'] },
      { id: 'caged', command: ['true'], isolation: 'container' },
      { id: 'other', command: ['true'], capAdd: ['CHOWN'] },
    ]);
    const { exitCode, stderr } = await batch.run(on);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('2 of 3 tasks cannot run on this engine');
    expect(stderr).toMatch(/ {2}caged {2}--isolation container was asked for/);
    expect(stderr).toMatch(/ {2}other {2}simulation cannot do --cap-add/);
    expect(await batch.workspace.receiptNames()).toEqual([]);
  });
});
