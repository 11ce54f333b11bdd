import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import type { Receipt } from '../../src/receipt/receipt.ts';
import { canBeApart, placeApart } from '../helpers/apart.ts';
import { binPath, finished, printed, readReceipt, runCli, startCli } from '../helpers/cli.ts';
import { containersOf, describeOn, describeOnEach, docker } from '../helpers/engines.ts';
import { marked } from '../helpers/marked.ts';
import { Workspace } from '../helpers/workspace.ts';

/** No other begins like it. */
function newId(): string {
  return `${randomBytes(5).toString('hex')}-running`;
}

interface Row {
  readonly id: string;
  readonly command: readonly string[];
  readonly leftMs: number;
  readonly owner: { readonly state: string; readonly pid: number };
}

describeOnEach('a running task', (engine) => {
  const on = ['--engine', engine];

  async function running(workspace: Workspace, line: string, args: readonly string[] = []) {
    return await startTask(workspace, line, [...on, ...args]);
  }

  async function rows(workspace: Workspace): Promise<Row[]> {
    const { stdout, exitCode } = await runCli(['ps', '--json', ...on], { cwd: workspace.path });
    expect(exitCode).toBe(0);
    return JSON.parse(stdout) as Row[];
  }

  test('is listed while it runs, with what its owner knows, and not afterwards', async () => {
    const workspace = await Workspace.create();
    const { id, client, done } = await running(workspace, 'echo ready; read line', ['-i']);
    const row = (await rows(workspace)).find((found) => found.id === id);
    expect(row?.command.at(-1)).toBe('echo ready; read line');
    expect(row?.owner).toMatchObject({ state: 'alive', pid: client.pid });
    expect(row?.leftMs).toBeGreaterThan(60_000);
    expect(row?.leftMs).toBeLessThanOrEqual(120_000);
    const table = await runCli(['ps', ...on], { cwd: workspace.path });
    expect(table.stdout).toMatch(new RegExp(`^${id} .*echo ready.* alive +${engine}$`, 'm'));
    const ids = await runCli(['ps', '-q', ...on], { cwd: workspace.path });
    expect(ids.stdout.split('\n')).toContain(id);
    client.stdin.end('\n');
    expect((await done).exitCode).toBe(0);
    expect((await rows(workspace)).some((found) => found.id === id)).toBe(false);
  });

  test('is stopped from another process as its deadline would, by how its id begins', async () => {
    const workspace = await Workspace.create();
    const line = 'trap "echo asked; exit 7" TERM; echo ready; while :; do sleep 0.1; done';
    const { id, done } = await running(workspace, line);
    const stopped = await runCli(['stop', id.slice(0, 10), ...on], { cwd: workspace.path });
    expect(stopped).toMatchObject({ exitCode: 0, stdout: `${id}\n` });
    expect(stopped.stderr).toBe(
      `sandbox: ${id.slice(0, 10)}: taken for ${id}, the only one that begins so\n`,
    );
    // Nothing is awaited: all of it is there once `stop` has returned.
    const receipt = await workspace.receipt();
    expect(receipt).toMatchObject({ status: 'cancelled', exitCode: 143, task: { exitCode: 7 } });
    expect(receipt.evidence).toMatchObject({ cancelledBy: 'SIGTERM', stoppedBy: 'sandbox stop' });
    expect(receipt.evidence.signalsSent.map(({ signal }) => signal)).toEqual(['SIGTERM']);
    expect(await containersOf(id)).toEqual([]);
    const { exitCode, stdout, stderr } = await done;
    expect([exitCode, stdout]).toEqual([143, 'ready\nasked\n']);
    expect(stderr).toContain('cancelled by `sandbox stop`');
  });

  test('that ignores the signal is killed after the same grace', async () => {
    const workspace = await Workspace.create();
    const line = 'trap "" TERM; echo ready; while :; do sleep 0.1; done';
    const { id, done } = await running(workspace, line, ['--kill-after', '300ms']);
    const { stdout } = await runCli(['stop', id, '--json', ...on], { cwd: workspace.path });
    expect(JSON.parse(stdout)).toMatchObject({
      stopped: [{ id, by: 'owner', status: 'cancelled' }],
      failed: [],
    });
    const { evidence } = await workspace.receipt();
    expect(evidence.signalsSent.map(({ signal }) => signal)).toEqual(['SIGTERM', 'SIGKILL']);
    expect((await done).exitCode).toBe(143);
  });

  test('that its deadline ends already keeps its grace, and that is said', async () => {
    const workspace = await Workspace.create();
    const line = 'trap "echo asked; read l; exit 7" TERM; echo ready; while :; do sleep 0.1; done';
    const args = ['-i', '--timeout', '2s', '--kill-after', '60s'];
    const { id, client, done } = await running(workspace, line, args);
    await printed(client.stdout, 'asked');
    const stopping = startCli(['stop', id, '--json', ...on], { cwd: workspace.path, input: '' });
    // One that is interrupted has asked, too, and changes as little.
    const other = startCli(['stop', id, 'no-such-task', ...on], { cwd: workspace.path, input: '' });
    await printed(other.stderr, 'no-such-task');
    const reader = startCli(['logs', id, '--follow'], { cwd: workspace.path, input: '' });
    await printed(reader.stdout, 'asked');
    reader.kill('SIGINT');
    expect(await finished(reader)).toMatchObject({ exitCode: 130, stderr: '' });
    other.kill('SIGINT');
    const interrupted = await finished(other);
    expect(interrupted.exitCode).toBe(130);
    expect(interrupted.stderr).toContain('the stop was asked for and goes on');
    client.stdin.end('\n');
    const { exitCode, stdout } = await finished(stopping);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      stopped: [{ id, by: 'itself', status: 'timed-out' }],
    });
    await done;
    const { status, evidence } = await workspace.receipt();
    expect([status, evidence.signalsSent.map(({ signal }) => signal)]).toEqual([
      'timed-out',
      ['SIGTERM'],
    ]);
    const late = await runCli(['stop', id, ...on], { cwd: workspace.path });
    expect(late).toMatchObject({ exitCode: 1, stdout: '' });
    expect(late.stderr).toContain(`${id} has ended: timed-out`);
  });

  test('is stopped, too, where another one that is named does not run', async () => {
    const workspace = await Workspace.create();
    const { id, done } = await running(workspace, 'echo ready; exec sleep 60');
    const stopped = await runCli(['stop', 'no-such-task', id, ...on, '--json'], {
      cwd: workspace.path,
    });
    expect(stopped.exitCode).toBe(1);
    expect(JSON.parse(stopped.stdout)).toMatchObject({
      stopped: [{ id, by: 'owner' }],
      failed: [{ id: 'no-such-task', error: { code: 'task-not-found' } }],
    });
    await done;
  });

  test('of a batch is stopped alone', async () => {
    const workspace = await Workspace.create();
    const [one, two] = [newId(), newId()];
    const line = `until [ -e go ]; do sleep 0.1; done`;
    const tasks = [one, two].map((id) => JSON.stringify({ id, line }));
    await writeFile(join(workspace.root, 'tasks.jsonl'), tasks.join('\n'));
    const args = ['batch', '../tasks.jsonl', '-j', '2', ...on, '--network', 'none', '-q'];
    args.push('--junit', '../junit.xml');
    const batch = startCli(args, { cwd: workspace.path, input: '' });
    onTestFinished(() => void batch.kill('SIGKILL'));
    await Promise.all([marked(one), marked(two)]);
    const stopped = await runCli(['stop', one, ...on], { cwd: workspace.path });
    expect(stopped).toMatchObject({ exitCode: 0, stdout: `${one}\n` });
    await writeFile(join(workspace.path, 'go'), '');
    expect((await finished(batch)).exitCode).toBe(1);
    const statusOf = async (id: string) => (await receiptOf(workspace, id)).status;
    expect(await Promise.all([one, two].map(statusOf))).toEqual(['cancelled', 'passed']);
    const junit = await readFile(join(workspace.root, 'junit.xml'), 'utf8');
    expect(junit).toContain('tests="2" failures="0" errors="1"');
    expect(junit).toContain('<error message="cancelled by `sandbox stop`, ended by SIGTERM"');
  });

  test('keeps its id from that of a batch elsewhere, which is told what to do', async () => {
    const [one, two] = [await Workspace.create(), await Workspace.create()];
    const id = newId();
    const entry = JSON.stringify({ id, line: 'until [ -e go ]; do sleep 0.1; done' });
    for (const { root } of [one, two]) await writeFile(join(root, 'tasks.jsonl'), entry);
    const args = ['batch', '../tasks.jsonl', ...on, '--network', 'none', '-q'];
    const batchIn = ({ path }: Workspace) => startCli(args, { cwd: path, input: '' });
    const first = batchIn(one);
    onTestFinished(() => void first.kill('SIGKILL'));
    await marked(id);
    const second = await finished(batchIn(two));
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toContain(
      `${id}: not started: a task with the id "${id}" is running already · Wait for it, stop it, or choose another id: --id, or "id" of a task in the file of a batch.`,
    );
    await writeFile(join(one.path, 'go'), '');
    expect((await finished(first)).exitCode).toBe(0);
  });

  test('shows what it has printed, what it prints, and the same from its receipt', async () => {
    const workspace = await Workspace.create();
    const line = 'echo one; echo two >&2; echo ready; read l; echo "$l"; echo end >&2';
    const { id, client, done } = await running(workspace, line, ['-i']);
    const logs = (...args: string[]) => runCli(['logs', id, ...args], { cwd: workspace.path });
    // An engine may pass on the one stream a moment after the other.
    const early = { exitCode: 0, stdout: 'one\nready\n', stderr: 'two\n' };
    await expect.poll(() => logs()).toMatchObject(early);
    expect(await logs('--tail', '1')).toMatchObject({ stdout: 'ready\n', stderr: 'two\n' });
    const following = startCli(['logs', id, '--follow'], { cwd: workspace.path, input: '' });
    await printed(following.stdout, 'ready');
    client.stdin.end('later\n');
    const whole = { exitCode: 0, stdout: 'one\nready\nlater\n', stderr: 'two\nend\n' };
    expect(await finished(following)).toMatchObject(whole);
    await done;
    expect(await logs()).toMatchObject(whole);
    expect(await logs('--follow', '--tail', '1')).toMatchObject({
      stdout: 'later\n',
      stderr: 'end\n',
    });
    const lines = (await logs('--json')).stdout.trim().split('\n');
    expect(lines.map((text) => JSON.parse(text) as object)).toEqual([
      { kind: 'output', stream: 'stdout', text: 'one\nready\nlater\n', base64: null },
      { kind: 'output', stream: 'stderr', text: 'two\nend\n', base64: null },
      { kind: 'ended', status: 'passed', exitCode: 0 },
    ]);
  });

  test('is not held up by a reader of its logs who stands still', async () => {
    const workspace = await Workspace.create();
    const line = 'echo ready; read l; head -c 33554432 /dev/zero >&2';
    const { id, client, done } = await running(workspace, line, ['-i']);
    const reader = startCli(['logs', id, '--follow'], { cwd: workspace.path, input: '' });
    onTestFinished(() => void reader.kill('SIGKILL'));
    await printed(reader.stdout, 'ready');
    reader.kill('SIGSTOP');
    client.stdin.end('\n');
    expect((await done).exitCode).toBe(0);
    const receipt = await workspace.receipt();
    expect(receipt).toMatchObject({ status: 'passed', stderr: { bytes: 33554432 } });
  });

  test('keeps its secrets to itself', async () => {
    const workspace = await Workspace.create();
    const id = newId();
    const line = 'echo ready; cat /run/secrets/TOKEN; echo; read l # tell-nobody';
    const args = [...on, '--network', 'none', '-i', '--secret', 'TOKEN', '--id', id, '-c', line];
    const client = workspace.start(args, { env: { TOKEN: 'tell-nobody' } });
    onTestFinished(() => void client.kill('SIGKILL'));
    await printed(client.stdout, 'tell-nobody');
    await marked(id);
    const logs = async () => (await runCli(['logs', id], { cwd: workspace.path })).stdout;
    await expect.poll(logs).toBe('ready\n[secret:TOKEN]\n');
    expect(JSON.stringify(await rows(workspace))).not.toContain('tell-nobody');
    client.stdin.end('\n');
    await client;
  });
});

describeOn('docker', 'an engine that is named and does not answer', () => {
  test.each([['ps'], ['stop', '--all'], ['gc', '--dry-run']])(
    'is no empty answer: %s %s',
    async (...args) => {
      const workspace = await Workspace.create();
      const env = { DOCKER_HOST: `unix://${workspace.root}/none.sock` };
      const result = await runCli(args, { cwd: workspace.path, env });
      expect(result.exitCode).toBe(1);
      expect(result.stderr).toContain('none.sock (from DOCKER_HOST)');
    },
  );
});

describeOn('simulation', 'a task that never started', () => {
  test('has a reason where its logs would be', async () => {
    const workspace = await Workspace.create();
    const id = newId();
    await workspace.run(['--engine', 'simulation', '--id', id, '--', 'no-such-program']);
    const result = await runCli(['logs', id], { cwd: workspace.path });
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toMatch(new RegExp(`^sandbox: ${id} never started: .*no-such-program`));
  });
});

describeOn('simulation', 'ids', () => {
  test('that are spelled out are not taken for how another one begins', async () => {
    const workspace = await Workspace.create();
    const on = ['--engine', 'simulation'];
    const ended = newId();
    const id = `${ended}0`;
    await workspace.run([...on, '--id', ended, '--', 'true']);
    const client = workspace.start([...on, '--id', id, '-c', 'echo up; exec sleep 60']);
    onTestFinished(() => void client.kill('SIGKILL'));
    await printed(client.stdout, 'up');
    await marked(id);
    const refused = await runCli(['stop', ended, ...on], { cwd: workspace.path });
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr).toMatch(new RegExp(`${ended} has ended: passed at \\d{4}-`));
    // Where nobody knows of the other one it may be meant, and that is said.
    const stopped = await runCli(['stop', ended, ...on], { cwd: workspace.root });
    expect(stopped).toMatchObject({ exitCode: 0, stdout: `${id}\n` });
    expect(stopped.stderr).toBe(
      `sandbox: ${ended}: taken for ${id}, the only one that begins so\n`,
    );
    expect((await finished(client)).exitCode).toBe(143);
  });

  test('may be cut where one only begins so; else those that are near are listed', async () => {
    const workspace = await Workspace.create();
    const stem = `cut-${process.pid}`;
    for (const id of [`${stem}-a`, `${stem}-b`]) {
      await workspace.run(['--engine', 'simulation', '--id', id, '--', 'echo', id]);
    }
    const logs = (id: string) => runCli(['logs', id], { cwd: workspace.path });
    expect(await logs(`${stem}-b`.slice(0, -1))).toMatchObject({ exitCode: 1, stdout: '' });
    expect((await logs(stem)).stderr).toContain(`Several begin so: ${stem}-a, ${stem}-b`);
    await workspace.run(['--engine', 'simulation', '--id', `other-${stem}`, '--', 'echo', 'other']);
    expect(await logs('other')).toMatchObject({ exitCode: 0, stdout: 'other\n' });
    const wrong = await runCli(['stop', `${stem}-x`, '--engine', 'simulation'], {
      cwd: workspace.path,
    });
    expect(wrong).toMatchObject({ exitCode: 1, stdout: '' });
  });

  test.each([
    [['stop'], 'expected ID…, got none'],
    [['stop', '--all', 'x'], 'expected options only, got "x" besides'],
    [['logs'], 'expected ID, got none'],
    [['logs', 'x', '--tail', 'many'], 'expected a number of lines, got "many"'],
    [['ps', 'x'], 'expected options only'],
  ])('and wrong words are refused: %j', async (args, message) => {
    const workspace = await Workspace.create();
    const result = await runCli(args, { cwd: workspace.path });
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain(message);
  });

  test('lead to logs whose reader may have enough of them', async () => {
    const workspace = await Workspace.create();
    const id = newId();
    await workspace.run(['--engine', 'simulation', '--id', id, '--', 'seq', '200000']);
    const line = `"$0" logs ${id} | head -1; echo "\${PIPESTATUS[0]}"`;
    const result = await execa('bash', ['-c', line, binPath], { cwd: workspace.path });
    expect([result.stdout, result.stderr]).toEqual(['1\n0', '']);
  });

  test('of a receipt elsewhere are found where they are named', async () => {
    const workspace = await Workspace.create();
    const path = join(workspace.root, 'mine.json');
    const id = newId();
    const on = ['--engine', 'simulation', '--id', id];
    await workspace.run([...on, '--receipt', path, '--', 'printf', '\u001b[2Jé']);
    const args = ['logs', id, '--receipt', '../mine.json'];
    const result = await runCli(args, { cwd: workspace.path });
    // Not a terminal: the bytes are as they were.
    expect(result).toMatchObject({ exitCode: 0, stdout: '\u001b[2Jé' });
    const nothing = await runCli(['logs', id], { cwd: workspace.path });
    expect(nothing).toMatchObject({ exitCode: 1 });
    expect(nothing.stderr).toContain(`${workspace.path}.receipts`);
  });
});

describeOn('simulation', 'all tasks of a user', () => {
  test.skipIf(!canBeApart)('are stopped, each with its receipt', async () => {
    const workspace = await Workspace.create();
    const [program = '', ...prefix] = await placeApart(workspace.path);
    const script = `
      for id in one two; do "$0" run --engine simulation -q --id $id -- sleep 60 & done
      until [ "$("$0" ps -q --engine simulation | grep -cx 'one\\|two')" = 2 ]; do :; done
      "$0" stop --all --engine simulation | sort
      wait; "$0" ps -q --engine simulation`;
    const result = await execa(program, [...prefix, 'sh', '-c', script, binPath], {
      cwd: workspace.path,
      input: '',
    });
    expect(result.stdout).toBe('one\ntwo');
    const receipts = ['one', 'two'].map((id) => receiptOf(workspace, id));
    expect((await Promise.all(receipts)).map(({ status }) => status)).toEqual([
      'cancelled',
      'cancelled',
    ]);
  });
});

describeOn('simulation', 'a killed owner', () => {
  test('is not listed, and the next run sweeps away what it left', async () => {
    const workspace = await Workspace.create();
    const id = newId();
    const on = ['--engine', 'simulation'];
    const client = workspace.start([...on, '--id', id, '-c', 'echo ready; exec sleep 60']);
    await printed(client.stdout, 'ready');
    const { socketPath } = await marked(id);
    client.kill('SIGKILL');
    await client;
    const { stdout } = await runCli(['ps', '-q', ...on], { cwd: workspace.path });
    expect(stdout.split('\n')).not.toContain(id);
    // Long enough for what is done beside it. Any other run on this host may have been the next one.
    await workspace.run([...on, '-c', 'sleep 1']);
    await expect.poll(() => existsSync(socketPath)).toBe(false);
  });
});

describeOn('docker', 'a task whose owner cannot be asked', () => {
  const on = ['--engine', 'docker'];

  const running = (workspace: Workspace, line: string) => startTask(workspace, line, on);

  test('because it is dead is shown as such and removed, and that is said', async () => {
    const workspace = await Workspace.create();
    const { id, client } = await running(workspace, 'echo ready; exec sleep 60');
    client.kill('SIGKILL');
    await client;
    const { stdout } = await runCli(['ps', ...on], { cwd: workspace.path });
    // Another run on this engine may be sweeping it away, or its own watchdog, or have done so already.
    const shown = new RegExp(`^${id} .* dead +docker( \\(\\w+\\))?$`, 'm');
    if (stdout.includes(id)) expect(stdout).toMatch(shown);
    const stopped = await runCli(['stop', id, ...on], { cwd: workspace.path });
    if (stopped.exitCode === 0) expect(stopped.stderr).toContain(`${id}: its owner was dead`);
    await expect.poll(() => containersOf(id)).toEqual([]);
  });

  test('because it is suspended is ended through the engine, and its receipt says so', async () => {
    const workspace = await Workspace.create();
    const { id, client } = await running(workspace, 'echo ready; exec sleep 60');
    client.kill('SIGSTOP');
    const stopped = await runCli(['stop', id, ...on, '--json'], { cwd: workspace.path });
    client.kill('SIGCONT');
    expect(JSON.parse(stopped.stdout)).toMatchObject({ stopped: [{ id, by: 'engine' }] });
    expect(await containersOf(id)).toEqual([]);
    expect((await finished(client)).exitCode).toBe(143);
    const { status, evidence } = await workspace.receipt();
    expect([status, evidence.cancelledBy]).toEqual(['cancelled', 'SIGTERM']);
  });

  test('is never somebody else’s: a container of theirs with our labels is not listed', async () => {
    const workspace = await Workspace.create();
    const id = newId();
    const container = await docker.createContainer({
      name: `not-ours-${id}`,
      Image: 'debian:bookworm-slim',
      Cmd: ['sleep', '60'],
      Labels: { 'sandbox-run.tool': 'sandbox-run', 'sandbox-run.task': id },
    });
    onTestFinished(() => container.remove({ force: true }).then(() => undefined));
    const { stdout } = await runCli(['ps', '-q', ...on], { cwd: workspace.path });
    expect(stdout.split('\n')).not.toContain(id);
    const stopped = await runCli(['stop', id, ...on], { cwd: workspace.path });
    expect(stopped.exitCode).toBe(1);
    expect(await containersOf(id)).toHaveLength(1);
  });
});

/** A task that has said `ready`. */
async function startTask(workspace: Workspace, line: string, args: readonly string[]) {
  const id = newId();
  const client = workspace.start(['--network', 'none', '--id', id, ...args, '-c', line]);
  onTestFinished(() => void client.kill('SIGKILL'));
  await printed(client.stdout, 'ready');
  await marked(id);
  return { id, client, done: finished(client) };
}

async function receiptOf(workspace: Workspace, id: string): Promise<Receipt> {
  return await readReceipt(join(workspace.receiptsDir, `${id}.json`));
}
