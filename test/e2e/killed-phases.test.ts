import { mkdir, mkdtemp, rm, watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { containersOf, describeOn, docker } from '../helpers/engines.ts';
import { faultyEngine, freeze } from '../helpers/faulty-engine.ts';
import { type Call, calls } from '../helpers/faulty-run.ts';
import { printed, readReceipt } from '../helpers/cli.ts';
import { KilledRun, TaskEvents } from '../helpers/killed-run.ts';

const patient = ['--timeout', '60s', '-c', 'echo ready; exec sleep 100'];

/** An engine that stops at one call of a run, and tells when it has come. */
async function stoppingAt(call: Call): Promise<{ host: string; reached: Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  const path = join(directory, 'engine.sock');
  let reach: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const engine = await faultyEngine(path, (asked) => {
    if (!calls[call].test(asked)) return null;
    reach();
    return freeze;
  });
  onTestFinished(async () => {
    await engine.close();
    await rm(directory, { recursive: true });
  });
  return { host: `unix://${path}`, reached };
}

describeOn('docker', 'a sandbox that is killed', () => {
  test.each<[string, Call, string[]]>([
    ['before its container is made', 'create', []],
    ['when its container is made', 'attach', ['created']],
    ['when everything is ready to start', 'start', ['created']],
  ])('%s leaves what the next run removes', async (_, call, states) => {
    const killed = await KilledRun.create(call);
    const { host, reached } = await stoppingAt(call);
    const running = killed.start(['--host', host, ...patient]);
    await reached;
    running.kill('SIGKILL');
    await running;
    expect(await statesOf(killed.id)).toEqual(states);
    // Secrets are there for the moment in which they are mounted.
    expect((await killed.left()).length).toBeGreaterThan(states.length);
    const next = await killed.run('true');
    expect(next).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await containersOf(killed.id)).toEqual([]);
    // A lock beside the receipts is no hindrance, and gc takes it away.
    await killed.gc();
    expect(await killed.left()).toEqual([]);
  });

  test.each([
    ['as its task starts', 'start', patient],
    // Its watchdog asks it to end a second later, to which it is deaf: all of it is to be seen.
    ['while its task runs', 'exec_start', ['-k', '60s', '-c', 'trap "" TERM; sleep 100']],
    [
      'after the deadline has passed',
      'kill',
      ['--timeout', '1s', '-k', '60s', '-c', 'trap "" TERM; sleep 100'],
    ],
  ])('%s leaves what gc removes, and only that', async (_, event, args) => {
    const killed = await KilledRun.create(`on-${event.replace('_', '-')}`);
    const events = await TaskEvents.of(killed.id);
    const living = await KilledRun.create(`beside-${event.replace('_', '-')}`);
    const others = living.start(patient);
    await printed(others.stdout, 'ready');
    const strangers = await plantStrangers(killed.id);
    const running = killed.start(args);
    await events.seen(event);
    running.kill('SIGKILL');
    await running;
    const { stdout } = await killed.gc('--dry-run');
    expect(stdout).toContain(`would remove container sandbox-${killed.id} (its sandbox is dead)\n`);
    expect(await statesOf(killed.id)).toEqual(['running']);
    const collected = await killed.gc('--json');
    expect(collected.exitCode).toBe(0);
    expect(JSON.parse(collected.stdout)).toMatchObject({ dryRun: false, errors: [] });
    expect(collected.stdout).not.toContain(living.id);
    expect(await killed.left()).toEqual([]);
    expect(await statesOf(living.id)).toEqual(['running']);
    for (const stranger of strangers) await docker.getContainer(stranger).inspect();
    others.kill('SIGTERM');
    expect((await others).exitCode).toBe(143);
  });

  test('when its task has ended, and before it could write the receipt, leaves what gc removes', async () => {
    const killed = await KilledRun.create('draining');
    const events = await TaskEvents.of(killed.id);
    // More than a pipe holds, which nobody reads: it cannot come to the end.
    const running = killed.start(['-k', '60s', '-c', 'head -c 300000 /dev/zero']);
    running.stdout.pause();
    await events.seen('destroy');
    running.kill('SIGKILL');
    await running;
    expect(await killed.workspace.receiptNames()).toEqual([`.${killed.id}.json.lock`]);
    await killed.gc();
    expect(await killed.left()).toEqual([]);
    expect(await killed.workspace.receiptNames()).toEqual([]);
  });

  test('as it has written the receipt leaves that', async () => {
    const killed = await KilledRun.create('written');
    await mkdir(killed.workspace.receiptsDir);
    const running = killed.start(['true']);
    for await (const { filename } of watch(killed.workspace.receiptsDir)) {
      if (filename === `${killed.id}.json`) break;
    }
    running.kill('SIGKILL');
    await running;
    const receipt = await readReceipt(join(killed.workspace.receiptsDir, `${killed.id}.json`));
    expect(receipt.status).toBe('passed');
    await killed.gc();
    expect(await killed.left()).toEqual([]);
    expect(await killed.workspace.receiptNames()).toEqual([`${killed.id}.json`]);
  });
});

describeOn('docker', 'the watchdog of a task', () => {
  test('ends it where its sandbox is killed, and nobody calls us again', async () => {
    const killed = await KilledRun.create('alone');
    const events = await TaskEvents.of(killed.id);
    const running = killed.start(['--timeout', '0', '-k', '1s', '-c', 'trap "" TERM; sleep 1000']);
    await events.seen('exec_start');
    running.kill('SIGKILL');
    await running;
    await events.seen('destroy');
    // The engine tells of it a moment before it is so.
    await expect.poll(() => containersOf(killed.id)).toEqual([]);
  });

  test('lets it end in its own way first', async () => {
    const killed = await KilledRun.create('gently');
    const events = await TaskEvents.of(killed.id);
    const line = 'trap "echo bye > said; exit" TERM; while :; do sleep 0.1; done';
    const running = killed.start(['-k', '60s', '-c', line]);
    await events.seen('exec_start');
    running.kill('SIGKILL');
    await running;
    await events.seen('destroy');
    const { stdout } = await killed.run('-q', 'cat', 'said');
    expect(stdout).toBe('bye\n');
  });

  test('ends it where its sandbox is suspended past the deadline, and the receipt says so', async () => {
    const killed = await KilledRun.create('suspended');
    const events = await TaskEvents.of(killed.id);
    const line = 'trap "" TERM; echo ready; sleep 1000';
    const running = killed.start(['--timeout', '3s', '-k', '0', '-c', line]);
    await Promise.all([printed(running.stdout, 'ready'), events.seen('exec_start')]);
    running.kill('SIGSTOP');
    await events.seen('destroy');
    running.kill('SIGCONT');
    expect(await running).toMatchObject({ exitCode: 124 });
    const { status, task, evidence } = await killed.workspace.receipt();
    expect(status).toBe('timed-out');
    expect(task).toEqual({ exitCode: 137, signal: 'SIGKILL' });
    expect(evidence).toMatchObject({ watchdog: true, oomKills: 0, removed: true });
    expect(evidence.deadline?.limitMs).toBe(3_000);
    expect(evidence.deadline?.passedAfterMs).toBeGreaterThan(3_000);
  });

  test('has no more rights than the task, and is not in its output', async () => {
    const killed = await KilledRun.create('rights');
    const look =
      'for p in /proc/[0-9]*; do case $(tr "\\0" " " < $p/cmdline) in *sandbox-watch"dog"*) ' +
      'grep -E "^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp)" $p/status | md5sum;; esac; done';
    const own = 'grep -E "^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp)" /proc/$$/status | md5sum';
    const line = `until [ -n "$(${look})" ]; do sleep 0.1; done; { ${look}; ${own}; } | sort -u | wc -l`;
    const { stdout, stderr } = await killed.run('-c', line);
    expect({ stdout, stderr }).toEqual({ stdout: '1\n', stderr: '' });
    const [name = ''] = await killed.workspace.receiptNames();
    const { evidence } = await readReceipt(join(killed.workspace.receiptsDir, name));
    expect(evidence.watchdog).toBe(true);
    expect(evidence.engineEvents.map(({ event }) => event)).toEqual(['die', 'destroy']);
  });

  test('that its task has killed is told to be gone, and changes nothing else', async () => {
    const killed = await KilledRun.create('disarmed');
    const line = 'until kill -KILL -1; do sleep 0.1; done; sleep 2; exit 3';
    const pid1 = `trap "" TERM; sleep 1.5; ${line}`;
    const { exitCode } = await killed.run('-c', pid1);
    expect(exitCode).toBe(3);
    const { evidence, status } = await killed.workspace.receipt();
    expect({ status, watchdog: evidence.watchdog }).toEqual({ status: 'failed', watchdog: false });
  });

  test.each([
    ['whose output its task floods', 'head -c 10000000 /dev/zero > /proc/$1/fd/1', true],
    ['that its task has killed, shell by shell', 'kill -KILL $1 $2; sleep 3', false],
    ['whose input its task writes to', 'echo x > /proc/$1/fd/0; sleep 2', true],
  ])('%s keeps no task from its own end', async (_, trick, watchdog) => {
    const killed = await KilledRun.create('tricked');
    const find =
      'for p in /proc/[0-9]*; do case $(tr "\\0\\n" "  " < $p/cmdline) in *"echo over"due*) echo ${p#/proc/};; esac; done';
    const line = `until set -- $(${find}); [ $# -ge 2 ]; do sleep 0.1; done; ${trick}; exit 5`;
    expect(await killed.run('-c', line)).toMatchObject({ exitCode: 5 });
    const { evidence, status, task } = await killed.workspace.receipt();
    expect({ status, task }).toEqual({ status: 'failed', task: { exitCode: 5, signal: null } });
    expect(evidence).toMatchObject({ watchdog, signalsSent: [], deadline: null });
  });

  test('is done without where an engine or an image has none to give', async () => {
    const killed = await KilledRun.create('without');
    const directory = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
    const path = join(directory, 'engine.sock');
    const engine = await faultyEngine(path, (call) =>
      /^POST .*\/exec$/.test(call) ? (connection) => connection.end(refusal) : null,
    );
    onTestFinished(async () => {
      await engine.close();
      await rm(directory, { recursive: true });
    });
    const { exitCode } = await killed.run('--host', `unix://${path}`, '-c', 'sleep 1; exit 4');
    expect(exitCode).toBe(4);
    expect((await killed.workspace.receipt()).evidence.watchdog).toBe(false);
  });
});

const refusal =
  'HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nContent-Length: 16\r\nConnection: close\r\n\r\n{"message":"no"}';

async function statesOf(id: string): Promise<string[]> {
  const filters = { label: [`sandbox-run.task=${id}`] };
  return (await docker.listContainers({ all: true, filters })).map(({ State }) => State);
}

/** Containers that carry a name or a label like ours, and not both. */
async function plantStrangers(id: string): Promise<string[]> {
  const past = new Date(0).toISOString();
  const Labels = { 'sandbox-run.tool': 'x', 'sandbox-run.task': 't', 'sandbox-run.deadline': past };
  const make = async (name: string, options: object) => {
    const Image = 'debian:bookworm-slim';
    const made = await docker.createContainer({ name, Image, Cmd: ['true'], ...options });
    onTestFinished(() => made.remove({ force: true }));
    return made.id;
  };
  return [await make(`sandbox-stranger-${id}`, {}), await make(`stranger-${id}`, { Labels })];
}
