import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type TaskInput, SandboxFailure, resolveTask, runTask } from '../../src/index.ts';
import { readReceipt } from '../helpers/cli.ts';
import { describeOnEach } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

describeOnEach('the same from code', (engine) => {
  async function taskIn(workspace: Workspace, input: TaskInput) {
    return await resolveTask({ engine, workspace: workspace.path, ...input });
  }

  test('resolves to the receipt that was written, with the output passed on as it came', async () => {
    const workspace = await Workspace.create();
    const task = await taskIn(workspace, { line: 'echo out; echo err >&2; exit 3', memory: '64m' });
    const seen = { stdout: '', stderr: '' };
    const receipt = await runTask(task, {
      onStdout: (chunk) => void (seen.stdout += chunk.toString()),
      onStderr: (chunk) => void (seen.stderr += chunk.toString()),
    });
    expect(seen).toEqual({ stdout: 'out\n', stderr: 'err\n' });
    expect(receipt.status).toBe('failed');
    expect(receipt.exitCode).toBe(3);
    expect(receipt).toEqual(await readReceipt(task.receiptPath));
  });

  test('an AbortSignal cancels, and the receipt says so', async () => {
    const workspace = await Workspace.create();
    const controller = new AbortController();
    const task = await taskIn(workspace, { line: 'echo ready; exec sleep 100' });
    const receipt = await runTask(task, {
      signal: controller.signal,
      onStdout: () => controller.abort('SIGINT'),
    });
    expect(receipt.status).toBe('cancelled');
    expect(receipt.exitCode).toBe(130);
    expect(receipt.evidence.cancelledBy).toBe('SIGINT');
  });

  test('a signal that was aborted before gives a receipt, too, and starts nothing', async () => {
    const workspace = await Workspace.create();
    const task = await taskIn(workspace, { command: ['touch', 'started'] });
    const receipt = await runTask(task, { signal: AbortSignal.abort() });
    expect(receipt.status).toBe('cancelled');
    expect(receipt.task).toBeNull();
    expect(receipt.timing.startedAt).toBeNull();
  });

  test('a callback may answer what a write returns, and one that throws is told of', async () => {
    const workspace = await Workspace.create();
    const chunks: Buffer[] = [];
    const task = await taskIn(workspace, { command: ['seq', '1', '50000'] });
    const onStdout = (chunk: Buffer): void => chunks.push(chunk) as unknown as undefined;
    const receipt = await runTask(task, { onStdout });
    expect(receipt.status).toBe('passed');
    // A callback may keep them.
    const digest = createHash('sha256').update(Buffer.concat(chunks)).digest('hex');
    expect(digest).toBe(receipt.stdout.sha256);
    const broken = await runTask(task, {
      onStdout: () => {
        throw new Error('broken callback');
      },
    });
    expect(broken.exitCode).toBe(125);
    expect(broken.error?.message).toContain('broken callback');
  });

  test('a slow receiver slows the task down and loses nothing', async () => {
    const workspace = await Workspace.create();
    const task = await taskIn(workspace, { command: ['seq', '1', '200000'] });
    let bytes = 0;
    const receipt = await runTask(task, {
      onStdout: async (chunk) => {
        bytes += chunk.length;
        await new Promise((resolve) => setImmediate(resolve));
      },
    });
    expect(bytes).toBe(receipt.stdout.bytes);
    expect(receipt.status).toBe('passed');
  });

  test('what is no task is refused with every problem', async () => {
    const workspace = await Workspace.create();
    const bad = taskIn(workspace, { command: [], memory: '12x' });
    await expect(bad).rejects.toThrow(SandboxFailure);
    await expect(bad).rejects.toMatchObject({ code: 'invalid-settings', problems: { length: 2 } });
    const task = await taskIn(workspace, { command: ['true'] });
    await expect(taskIn(workspace, { command: ['true'], ...{ memroy: '1g' } })).rejects.toThrow();
    for (const change of [{ workspace: '/' }, { network: 'host' }]) {
      const failure = runTask({ ...task, ...change });
      await expect(failure).rejects.toMatchObject({ code: 'invalid-task' });
    }
    await expect(runTask({ ...task, command: [] })).rejects.toMatchObject({ code: 'invalid-task' });
  });
});
