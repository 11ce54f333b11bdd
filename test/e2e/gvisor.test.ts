import { describe, expect, test } from 'vitest';
import { docker } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

// As test/engine/setup.sh registers them: gVisor by a name that does not say so, and runc by one that lies.
const gvisor = 'sandbox-test-gvisor';
const liar = 'sandbox-test-runsc';

const promised = (process.env.SANDBOX_TEST_ENGINES ?? '').split(',').includes('gvisor');
const info = (await docker.info().catch(() => ({}))) as { Runtimes?: Record<string, unknown> };
const isThere = [gvisor, liar].every((name) => info.Runtimes?.[name] !== undefined);
const title = '[gvisor] --runtime';
const reason = isThere
  ? ''
  : ` (skipped: the engine has no runtime ${gvisor}; see test/engine/setup.sh)`;

// What was promised is never missing quietly: its tests run, and fail.
describe.skipIf(!isThere && !promised)(`${title}${reason}`, () => {
  test('gVisor is told by its program, and the task runs on its kernel', async () => {
    const workspace = await Workspace.create();
    const { stdout, exitCode } = await workspace.run(
      [
        '--runtime',
        gvisor,
        '--isolation',
        'gvisor',
        '-c',
        'dmesg | head -n 1; echo out > f; exit 7',
      ],
      {},
    );
    const { engine, isolation, status, network } = await workspace.receipt();
    expect(exitCode).toBe(7);
    expect(stdout).toContain('Starting gVisor');
    expect({ status, runtime: engine?.runtime }).toEqual({ status: 'failed', runtime: gvisor });
    // The engine's seccomp profile does not get to a task on a kernel of its own.
    expect(isolation).toEqual({
      ...{
        level: 'gvisor',
        simulated: false,
        loosened: [],
        notEnforced: ['pids-limit', 'seccomp'],
      },
    });
    expect(network.reaches).toEqual([]);
  });

  test('runc that is called runsc is a container, and refused where gVisor was asked for', async () => {
    const workspace = await Workspace.create();
    const taken = await workspace.run(['--id', 'taken', '--runtime', liar, '-c', 'dmesg; exit 0']);
    expect(taken.stdout).not.toContain('gVisor');
    const { engine, isolation } = await workspace.receipt();
    expect(engine?.runtime).toBe(liar);
    expect(isolation).toMatchObject({ level: 'container', notEnforced: [] });
    const args = ['--id', 'taken', '--runtime', liar, '--isolation', 'gvisor', '-c', 'touch ran'];
    const refused = await workspace.run(args);
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toContain('this is only "container"');
    expect((await workspace.receipt()).status).toBe('not-started');
  });

  test("the engine's own runtime is refused, too", async () => {
    const workspace = await Workspace.create();
    const { exitCode } = await workspace.run(['--isolation', 'gvisor', 'true']);
    expect(exitCode).toBe(125);
  });

  test('secrets are there until the end, although the host has them no more', async () => {
    const workspace = await Workspace.create();
    const line = 'read x; cat /run/secrets/TOKEN; echo x > /run/secrets/TOKEN';
    const { stdout, stderr } = await workspace.run(
      ['-i', '--runtime', gvisor, '--secret', 'TOKEN', '-c', line],
      { env: { TOKEN: 'correct-horse' }, input: 'go\n' },
    );
    expect(stdout).toBe('correct-horse');
    expect(stderr).toContain('/run/secrets/TOKEN');
  });

  test('tmpfs is limited, the root file system is read-only, and there is no interface', async () => {
    const workspace = await Workspace.create();
    const line = [
      'head -c 40m /dev/zero > /tmp/x; wc -c < /tmp/x; rm /tmp/x',
      'head -c 40m /dev/zero > /dev/shm/x; wc -c < /dev/shm/x; rm /dev/shm/x',
      'touch /etc/x',
      'grep -c eth0 /proc/net/dev',
    ].join('; ');
    // gVisor's own memory counts as well, and is some 15 MiB.
    const args = ['--runtime', gvisor, '-m', '64m', '-c', line];
    const { stdout, stderr } = await workspace.run(args);
    expect(stdout.trim().split(/\s+/)).toEqual(['33554432', '33554432', '0']);
    expect(stderr).toContain("cannot touch '/etc/x'");
  });

  test('the deadline ends a task that ignores signals', async () => {
    const workspace = await Workspace.create();
    const line = 'trap "" TERM; while :; do sleep 1; done';
    const args = ['--runtime', gvisor, '--timeout', '1s', '-k', '1s', '-c', line];
    const { exitCode } = await workspace.run(args);
    expect(exitCode).toBe(124);
    expect((await workspace.receipt()).status).toBe('timed-out');
  });
});
