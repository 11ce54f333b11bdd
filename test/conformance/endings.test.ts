import { execa } from 'execa';
import { expect, test } from 'vitest';
import { binPath, finished, printed } from '../helpers/cli.ts';
import { chosen, containersOf, describeOnAll } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

describeOnAll('how a task ends', (engine) => {
  const on = chosen(engine);

  test.each([0, 1, 7, 124, 125, 126, 127, 128, 137, 255])(
    'exit code %i of the command passes through',
    async (code) => {
      const workspace = await Workspace.create();
      const { exitCode } = await workspace.run([...on, '--', 'sh', '-c', `exit ${code}`]);
      const receipt = await workspace.receipt();
      expect(exitCode).toBe(code);
      expect(receipt.exitCode).toBe(code);
      expect(receipt.task?.exitCode).toBe(code);
      expect(receipt.status).toBe(code === 0 ? 'passed' : 'failed');
      expect(receipt.error).toBeNull();
    },
  );

  test('a command that kills itself ends as 128+n and has failed', async () => {
    const workspace = await Workspace.create();
    const { exitCode } = await workspace.run([...on, '--', 'sh', '-c', 'kill -9 $$']);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(137);
    expect(receipt.status).toBe('failed');
    // Only a kernel that was asked itself knows; Docker and bubblewrap report the number.
    expect(receipt.task?.signal).toBe(
      receipt.engine?.product === 'process group' ? 'SIGKILL' : null,
    );
  });

  test('the deadline ends a task with SIGTERM and 124', async () => {
    const workspace = await Workspace.create();
    const args = [...on, '--timeout', '1s', '--', 'sh', '-c', 'echo begun; exec sleep 100'];
    const { exitCode, stdout, stderr } = await workspace.run(args);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(124);
    expect(stdout).toBe('begun\n');
    expect(stderr).toMatch(/timed out after \d+\.\d s \(limit 1s\), ended by SIGTERM · receipt /);
    expect(receipt.status).toBe('timed-out');
    expect(receipt.evidence.deadline?.limitMs).toBe(1000);
    expect(receipt.evidence.deadline?.passedAfterMs).toBeGreaterThanOrEqual(1000);
    expect(receipt.evidence.signalsSent.map(({ signal }) => signal)).toEqual(['SIGTERM']);
    expect(receipt.task?.exitCode).toBe(143);
    expect(receipt.stdout.text).toBe('begun\n');
    expect(receipt.evidence.removed).toBe(true);
  });

  test('a task that ignores SIGTERM is killed after the grace', async () => {
    const workspace = await Workspace.create();
    const line = 'trap "" TERM; while :; do sleep 1; done';
    const args = [...on, '--timeout', '1s', '-k', '1s', '-c', line];
    const { exitCode } = await workspace.run(args);
    const { evidence, task } = await workspace.receipt();
    expect(exitCode).toBe(124);
    expect(evidence.signalsSent.map(({ signal }) => signal)).toEqual(['SIGTERM', 'SIGKILL']);
    const [term, kill] = evidence.signalsSent;
    // The figures are in tenths, of which a difference in binary may be a trace less.
    const graceMs = Number(((kill?.afterMs ?? 0) - (term?.afterMs ?? 0)).toFixed(1));
    expect(graceMs).toBeGreaterThanOrEqual(1000);
    expect(task).toEqual({ exitCode: 137, signal: 'SIGKILL' });
  });

  test('a task that answers SIGTERM with exit 0 has timed out all the same', async () => {
    const workspace = await Workspace.create();
    const line = 'trap "exit 0" TERM; while :; do sleep 0.1; done';
    const { exitCode } = await workspace.run([...on, '--timeout', '1s', '-c', line]);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(124);
    expect(receipt.status).toBe('timed-out');
    expect(receipt.task?.exitCode).toBe(0);
  });

  test('a background process that holds the pipe does not keep the task alive', async () => {
    const workspace = await Workspace.create();
    const marker = `sleep ${process.pid}.${Math.floor(Math.random() * 1e6)}`;
    const { exitCode, stdout } = await workspace.run([...on, '-c', `${marker} & echo done`]);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(0);
    expect(stdout).toBe('done\n');
    expect(receipt.status).toBe('passed');
    expect(receipt.evidence.outputComplete).toBe(true);
    const { exitCode: pgrep } = await execa('pgrep', ['-f', `^${marker}`], { reject: false });
    expect(pgrep).toBe(1);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s to sandbox cancels the task and exits %i', async (signal, code) => {
    const workspace = await Workspace.create();
    const id = `cancel-${signal}-${process.pid}`;
    const running = workspace.start([...on, '--id', id, '-c', 'echo ready; exec sleep 100']);
    await printed(running.stdout, 'ready');
    running.kill(signal);
    const { exitCode, stderr } = await finished(running);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(code);
    expect(stderr).toContain(`cancelled by ${signal}`);
    expect(receipt.status).toBe('cancelled');
    expect(receipt.exitCode).toBe(code);
    expect(receipt.evidence.cancelledBy).toBe(signal);
    expect(receipt.evidence.signalsSent[0]?.signal).toBe(signal);
    expect(receipt.stdout.text).toBe('ready\n');
    if (engine !== 'simulation') expect(await containersOf(id, engine)).toEqual([]);
  });

  test('a second signal kills at once', async () => {
    const workspace = await Workspace.create();
    const line = 'trap "echo got" INT; echo ready; while :; do sleep 0.1; done';
    const running = workspace.start([...on, '-k', '1h', '-c', line]);
    await printed(running.stdout, 'ready');
    running.kill('SIGINT');
    await printed(running.stdout, 'got');
    running.kill('SIGINT');
    const { exitCode } = await finished(running);
    const { evidence, status } = await workspace.receipt();
    expect(exitCode).toBe(130);
    expect(status).toBe('cancelled');
    expect(evidence.signalsSent.map(({ signal }) => signal)).toEqual(['SIGINT', 'SIGKILL']);
  });

  test('a reader that goes away ends the task as SIGPIPE would', async () => {
    const workspace = await Workspace.create();
    const running = workspace.start([...on, '--', 'yes']);
    await printed(running.stdout, 'y');
    running.stdout.destroy();
    const { exitCode } = await finished(running);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(141);
    expect(receipt.status).toBe('cancelled');
    expect(receipt.evidence.cancelledBy).toBe('SIGPIPE');
  });

  test('output that cannot be written is a failure, not a success', async () => {
    const workspace = await Workspace.create();
    const shell = `exec "${binPath}" run ${on.join(' ')} -q -- echo lost > /dev/full`;
    const { exitCode, stderr } = await execa('sh', ['-c', shell], {
      cwd: workspace.path,
      reject: false,
      stdin: 'ignore',
    });
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(125);
    expect(stderr).toContain('no space left on device');
    expect(receipt.exitCode).toBe(125);
    expect(receipt.error?.code).toBe('output-not-writable');
    expect(receipt.task?.exitCode).toBe(0);
    expect(receipt.stdout.text).toBe('lost\n');
  });

  test('two live tasks cannot share an id: the second is refused and the first is not disturbed', async () => {
    const workspace = await Workspace.create();
    const id = `same-${process.pid}`;
    const first = workspace.start([...on, '--id', id, '-c', 'echo ready; cat; exit 3']);
    await printed(first.stdout, 'ready');
    const sameReceipt = await workspace.run([...on, '--id', id, '--', 'true']);
    expect(sameReceipt.exitCode).toBe(125);
    expect(sameReceipt.stderr).toContain('choose another --id');
    const elsewhere = await workspace.run([
      ...[...on, '--id', id],
      ...['--receipt', `${workspace.root}/other.json`, '--', 'true'],
    ]);
    expect(elsewhere.exitCode).toBe(125);
    expect(elsewhere.stderr).toContain(`a task with the id "${id}" is running already`);
    first.stdin.end();
    expect((await finished(first)).exitCode).toBe(3);
    expect((await workspace.receipt()).status).toBe('failed');
  });

  test('an id can be used again at once, and its receipt is replaced', async () => {
    const workspace = await Workspace.create();
    const id = `again-${process.pid}`;
    for (const code of [1, 2, 3]) {
      const { exitCode } = await workspace.run([...on, '--id', id, '-c', `exit ${code}`]);
      expect(exitCode).toBe(code);
      expect((await workspace.receipt()).exitCode).toBe(code);
    }
  });
});
