import { expect, onTestFinished, test } from 'vitest';
import { printed } from '../helpers/cli.ts';
import { describeOn } from '../helpers/engines.ts';
import { type EngineSettings, OwnEngine } from '../helpers/own-engine.ts';
import { Workspace } from '../helpers/workspace.ts';

/** A task on an engine of its own, and what becomes of it when something happens to the engine. */
async function lose(settings: EngineSettings, act: (engine: OwnEngine) => Promise<void>) {
  const engine = await OwnEngine.start(settings);
  onTestFinished(() => engine.close());
  const workspace = await Workspace.create();
  const on = ['--host', engine.host, '--image', OwnEngine.image, '--pull', 'never'];
  // The second word comes from a task whose start has been told.
  const script = 'echo ready; sleep 1; echo later; sleep 300';
  const running = workspace.start([...on, '--timeout', '100s', '-c', script]);
  await printed(running.stdout, 'later');
  await act(engine);
  const { exitCode, stderr } = await running;
  const receipt = await workspace.receipt();
  const next = () => workspace.run([...on, '--', 'true']);
  // What a run removes beside its task is waited for a second; on an engine that is slow to come back the next one does.
  const leftByNext = async () => {
    await next();
    return await engine.docker.listContainers({ all: true });
  };
  return { engine, exitCode, stderr: Buffer.from(stderr).toString(), receipt, next, leftByNext };
}

const patience = { timeout: 40_000, interval: 500 };

const lost = {
  status: 'engine-failed',
  exitCode: 125,
  task: null,
  error: { code: 'engine-lost' },
  evidence: { outputComplete: false, signalsSent: [], deadline: null },
  stdout: { text: 'ready\nlater\n' },
};

describeOn('docker', 'an engine that is lost while a task runs', () => {
  test.each([false, true])('killed, live-restore: %s', async (liveRestore) => {
    const ended = await lose({ liveRestore }, (engine) => engine.kill('SIGKILL'));
    expect(ended).toMatchObject({ exitCode: 125, receipt: lost });
    expect(ended.receipt.evidence).toMatchObject({ removed: false, mayStillRun: true });
    expect(ended.stderr).toContain('(the task may still be running)');
    expect(ended.stderr).toContain('Once the engine is back, the next sandbox command removes');
    await ended.engine.startDaemon();
    expect(await ended.next()).toMatchObject({ exitCode: 0, stderr: '' });
    await expect.poll(ended.leftByNext, patience).toEqual([]);
  });

  test.each([false, true])('stopped and started again, live-restore: %s', async (liveRestore) => {
    const ended = await lose({ liveRestore }, async (engine) => {
      await engine.kill('SIGTERM');
      await engine.startDaemon();
    });
    expect(ended).toMatchObject({ exitCode: 125, receipt: lost });
    const { removed, mayStillRun } = ended.receipt.evidence;
    // Whether it was back in time to be asked for the removal is a race; what is said of it is not.
    expect(mayStillRun).toBe(removed !== true);
    expect(ended.stderr.includes('may still be running')).toBe(mayStillRun);
    expect(await ended.next()).toMatchObject({ exitCode: 0 });
    await expect.poll(ended.leftByNext, patience).toEqual([]);
  });
});
