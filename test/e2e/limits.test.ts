import { once } from 'node:events';
import { expect, test } from 'vitest';
import { currentOwner } from '../../src/engine/owner.ts';
import { finished, printed } from '../helpers/cli.ts';
import { containersOf, describeOn, docker, mayLoseEvents } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

describeOn('docker', 'limits', () => {
  /** Where the kernel keeps a limit differs by cgroup version. */
  const readLimit = (v1: string, v2: string) =>
    `cat /sys/fs/cgroup/${v1} 2>/dev/null || cat /sys/fs/cgroup/${v2}`;

  test('memory, CPU and process limits are in force, and the receipt reads them back', async () => {
    const workspace = await Workspace.create();
    const line = [
      readLimit('memory/memory.limit_in_bytes', 'memory.max'),
      readLimit('cpu/cpu.cfs_quota_us', 'cpu.max'),
      readLimit('pids/pids.max', 'pids.max'),
    ].join('; ');
    const args = ['-m', '64m', '--cpus', '0.5', '--pids-limit', '33', '-c', line];
    const { stdout, stderr } = await workspace.run(args);
    const { limits, isolation } = await workspace.receipt();
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^67108864\n50000( 100000)?\n33\n$/);
    expect(limits.enforced).toMatchObject({
      memoryBytes: 67_108_864,
      memorySwapBytes: 67_108_864,
      cpus: 0.5,
      pidsLimit: 33,
    });
    expect(limits.requested).toMatchObject({ memoryBytes: 67_108_864, cpus: 0.5, pidsLimit: 33 });
    expect(isolation).toEqual({
      ...{ level: 'container', simulated: false, loosened: [], notEnforced: [] },
    });
  });

  test('out of memory is told from the engine’s own event', mayLoseEvents, async () => {
    const workspace = await Workspace.create();
    const { exitCode, stderr } = await workspace.run(['-m', '32m', '--', 'tail', '/dev/zero']);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(137);
    expect(stderr).toContain('out of memory (limit 32 MiB)');
    expect(receipt.status).toBe('out-of-memory');
    expect(receipt.evidence.oomKills).toBeGreaterThan(0);
    expect(receipt.task).toEqual({ exitCode: 137, signal: 'SIGKILL' });
  });

  test('a plain exit 137 is no lack of memory', async () => {
    const workspace = await Workspace.create();
    const { exitCode } = await workspace.run(['-m', '32m', '-c', 'exit 137']);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(137);
    expect(receipt.status).toBe('failed');
    // Nor proof that there was none: an engine that has lost the event says the same.
    expect(receipt.evidence.oomKills).toBeNull();
  });

  test(
    'a child that was killed for memory does not fail a command that goes on and succeeds',
    mayLoseEvents,
    async () => {
      const workspace = await Workspace.create();
      const { exitCode } = await workspace.run(['-m', '32m', '-c', 'tail /dev/zero; exit 0']);
      const receipt = await workspace.receipt();
      expect(exitCode).toBe(0);
      expect(receipt.status).toBe('passed');
      expect(receipt.evidence.oomKills).toBeGreaterThan(0);
    },
  );

  test('a fork bomb hits the process limit, and other tasks go on', async () => {
    const workspace = await Workspace.create();
    const bomb = 'b() { b | b & }; b; while :; do :; done';
    const id = `bomb-${process.pid}`;
    const args = ['--id', id, '--pids-limit', '64', '-k', '1s', '-c', bomb];
    const bombing = workspace.start(args);
    await once(bombing.stderr, 'data');
    const other = await workspace.run(['--id', `beside-${process.pid}`, '--', 'echo', 'alive']);
    expect(other.stdout).toBe('alive\n');
    bombing.kill('SIGTERM');
    expect((await bombing).exitCode).toBe(143);
    expect(await containersOf(id)).toEqual([]);
  });

  test('a task that somebody else stops through the engine is cancelled, whatever it exits with', async () => {
    const workspace = await Workspace.create();
    const id = `stopped-${process.pid}`;
    const line = 'trap "exit 0" TERM; echo ready; while :; do sleep 0.1; done';
    const running = workspace.start(['--id', id, '-c', line]);
    await printed(running.stdout, 'ready');
    await docker.getContainer(`sandbox-${id}`).stop();
    const { exitCode } = await finished(running);
    const receipt = await workspace.receipt();
    expect(exitCode).toBe(143);
    expect(receipt.status).toBe('cancelled');
    expect(receipt.task?.exitCode).toBe(0);
    expect(receipt.evidence.signalsSent).toEqual([]);
  });

  test('what a killed sandbox left is removed by the next one, and an id is free again at once', async () => {
    const workspace = await Workspace.create();
    const id = `orphan-${process.pid}`;
    const running = workspace.start(['--id', id, '-c', 'echo ready; exec sleep 100']);
    await printed(running.stdout, 'ready');
    running.kill('SIGKILL');
    await running;
    // It is still there, unless another run on this engine has been the next one.
    const again = await workspace.run(['--id', id, '--', 'echo', 'mine']);
    expect(again.stdout).toBe('mine\n');
    expect(await containersOf(id)).toEqual([]);
    expect(await workspace.receiptNames()).toEqual([`${id}.json`]);
  });

  test('a foreign container that carries our labels is left alone', async () => {
    const workspace = await Workspace.create();
    const owner = JSON.stringify({ ...currentOwner(), pidStart: '1' });
    const Labels = {
      'sandbox-run.tool': 'sandbox-run',
      'sandbox-run.task': 'other',
      'sandbox-run.owner': owner,
      'sandbox-run.deadline': '2001-01-01T00:00:00.000Z',
    };
    const foreign = await docker.createContainer({
      Image: 'debian:bookworm-slim',
      Cmd: ['true'],
      Labels,
    });
    try {
      expect((await workspace.run(['--', 'true'])).exitCode).toBe(0);
      expect((await foreign.inspect()).State.Status).toBe('created');
    } finally {
      await foreign.remove();
    }
  });

  test('a task has no capabilities, cannot gain privileges, and its root file system is read-only', async () => {
    const workspace = await Workspace.create();
    const line =
      'grep -E "^(CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/self/status; touch /etc/x; ulimit -c';
    const { stdout, stderr } = await workspace.run(['-c', line]);
    expect(stdout.replaceAll('\t', ' ')).toBe(
      'CapEff: 0000000000000000\nCapBnd: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n0\n',
    );
    expect(stderr).toContain('Read-only file system');
  });

  test('--writable-root and --tmpfs loosen just what they say', async () => {
    const workspace = await Workspace.create();
    const line = 'touch /etc/x && df --output=size -k /extra | tail -1';
    const { stdout, exitCode } = await workspace.run([
      ...['--writable-root', '--tmpfs', '/extra:size=8m', '-c', line],
    ]);
    expect(exitCode).toBe(0);
    expect(stdout.trim()).toBe('8192');
  });

  test('/tmp and $HOME are limited, and what they take counts as memory', async () => {
    const workspace = await Workspace.create();
    const line =
      'for d in /tmp "$HOME"; do head -c 100m /dev/zero > $d/x; stat -c %s $d/x; rm $d/x; done';
    const { stdout } = await workspace.run(['-m', '64m', '-c', line]);
    expect(stdout).toBe('33554432\n33554432\n');
  });

  test('--network none has no interface but loopback', async () => {
    const workspace = await Workspace.create();
    const { stdout } = await workspace.run(['--network', 'none', '--', 'ls', '/sys/class/net']);
    expect(stdout).toBe('lo\n');
  });
});
