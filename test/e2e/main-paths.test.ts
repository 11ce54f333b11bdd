import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readJunit, readReportData } from '../helpers/batch-records.ts';
import { Batch, statusesOf } from '../helpers/batch.ts';
import { finished, printed, runCli } from '../helpers/cli.ts';
import { describeOn, describeOnEach, mayLoseEvents } from '../helpers/engines.ts';
import { listenOn, toRealEngine } from '../helpers/listening.ts';
import { hasCgroups } from '../helpers/simulation.ts';
import { Workspace } from '../helpers/workspace.ts';

// Once each, what the other tests look at closely: for a program or a Node on which not all of them are run
// (npm run test:on). Nothing but the task's own words may be on stderr: Node's warnings would be there.

describeOnEach('the main paths of run', (engine) => {
  const on = ['--engine', engine, '-q'];

  test('output, exit code and receipt', async () => {
    const workspace = await Workspace.create();
    const args = [...on, '-e', 'GREETING=hello', '-c', 'echo $GREETING; echo err >&2; exit 3'];
    const { exitCode, stdout, stderr } = await workspace.run(args);
    expect([exitCode, stdout, stderr]).toEqual([3, 'hello\n', 'err\n']);
    expect(await workspace.receipt()).toMatchObject({
      ...{ status: 'failed', exitCode: 3, task: { exitCode: 3, signal: null } },
      engine: { name: engine },
      stdout: { text: 'hello\n', sha256: createHash('sha256').update('hello\n').digest('hex') },
      stderr: { text: 'err\n' },
      environment: ['GREETING'],
    });
  });

  test('a megabyte of input comes back, whole', async () => {
    const workspace = await Workspace.create();
    const input = 'some input\n'.repeat(100_000);
    const { exitCode, stdout, stderr } = await workspace.run([...on, '-i', '--', 'cat'], { input });
    expect([exitCode, stderr, stdout === input]).toEqual([0, '', true]);
    const { stdout: captured } = await workspace.receipt();
    const sha256 = createHash('sha256').update(input).digest('hex');
    expect(captured).toMatchObject({ bytes: input.length, sha256, truncated: true });
  });

  test('the deadline', async () => {
    const workspace = await Workspace.create();
    const { exitCode } = await workspace.run([...on, '--timeout', '0.3s', '--', 'sleep', '100']);
    expect(exitCode).toBe(124);
    const { status, evidence } = await workspace.receipt();
    expect([status, evidence.signalsSent[0]?.signal]).toEqual(['timed-out', 'SIGTERM']);
  });

  test.skipIf(engine === 'simulation' && !hasCgroups)('out of memory', mayLoseEvents, async () => {
    const workspace = await Workspace.create();
    const { exitCode } = await workspace.run([...on, '-m', '32m', '--', 'tail', '/dev/zero']);
    expect([exitCode, (await workspace.receipt()).status]).toEqual([137, 'out-of-memory']);
  });

  test('an interrupt', async () => {
    const workspace = await Workspace.create();
    const running = workspace.start([...on, '-c', 'echo ready; exec sleep 100']);
    await printed(running.stdout, 'ready');
    running.kill('SIGINT');
    expect((await finished(running)).exitCode).toBe(130);
    expect((await workspace.receipt()).status).toBe('cancelled');
  });

  test('changes in a copy are brought back, and the receipt on stdout names them', async () => {
    const workspace = await Workspace.create();
    const copied = ['--json', '--workspace-mode', 'copy', '--apply', 'on-success'];
    const { exitCode, stdout } = await workspace.run([...on, ...copied, '-c', 'echo x > made']);
    expect([exitCode, JSON.parse(stdout)]).toEqual([0, await workspace.receipt()]);
    expect(stdout).toContain('"made"');
    expect((await workspace.run([...on, '--', 'cat', 'made'])).stdout).toBe('x\n');
  });

  test('a batch with its summary and both reports', async () => {
    const bad = { id: 'main-bad', line: 'echo wrong >&2; exit 3' };
    const batch = await Batch.create([{ id: 'main-good', command: ['true'] }, bad]);
    const [junit, page] = ['j.xml', 'r.html'].map((name) => join(batch.workspace.root, name));
    if (!junit || !page) throw new Error('two paths');
    const reports = ['--junit', junit, '--report', page];
    const { exitCode, stdout, stderr, summary } = await batch.run([...on, ...reports]);
    expect([exitCode, stdout, stderr]).toEqual([
      1,
      '',
      'sandbox: main-bad: failed, exit code 3 · wrong\n',
    ]);
    expect(statusesOf(summary)).toEqual(['main-good passed', 'main-bad failed']);
    expect((await readJunit(junit)).totals).toMatchObject({ tests: 2, failures: 1 });
    expect((await readReportData(page)).data.counts).toEqual(summary?.counts);
  });

  test('the battery of probes starts, judges and ends', async () => {
    const { path: cwd } = await Workspace.create();
    const args = ['doctor', '--engine', engine, '--prove', '--probe', 'other-processes'];
    const { stdout } = await runCli(args, { cwd });
    expect(stdout).toContain('other-processes');
    expect(stdout).not.toContain('was not there');
  });
});

describeOn('docker', 'the main paths of other commands', () => {
  test('doctor', async () => {
    const { path: cwd } = await Workspace.create();
    const { exitCode, stdout, stderr } = await runCli(['doctor'], { cwd });
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('✓ All pre-flight checks passed');
  });

  test('image build and image ls', async () => {
    const { path: cwd } = await Workspace.create();
    const built = await runCli(['image', 'build', 'base', '-q'], { cwd });
    expect([built.exitCode, built.stderr]).toEqual([0, '']);
    const listed = await runCli(['image', 'ls', '--json'], { cwd });
    expect(listed.stdout).toContain(built.stdout.trim());
  });

  test('an engine behind a port', async () => {
    const listening = await listenOn(createServer({ allowHalfOpen: true }, toRealEngine));
    onTestFinished(listening.close);
    const workspace = await Workspace.create();
    const args = ['--host', `tcp://127.0.0.1:${listening.port}`, '--', 'echo', 'x'];
    const { exitCode, stdout, stderr } = await workspace.run(args);
    expect([exitCode, stdout, stderr]).toEqual([0, 'x\n', '']);
  });
});

describe('the main paths of what needs no engine', () => {
  test.each([
    ['--version', /^sandbox \d.*, Node \d/],
    ['--help', /^Usage:/m],
    ['config', /memory +512m/],
    ['profile ls', /^base +built in/m],
    ['profile show builder --json', /"name": "builder"/],
  ])('%s', async (line, says) => {
    const { path: cwd } = await Workspace.create();
    const { exitCode, stdout, stderr } = await runCli(line.split(' '), { cwd });
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(says);
  });

  test('profile validate', async () => {
    const { path: cwd } = await Workspace.create();
    const profile = { name: 'mine', description: 'of mine', image: 'debian' };
    await writeFile(join(cwd, 'mine.json'), JSON.stringify(profile));
    expect((await runCli(['profile', 'validate', 'mine.json'], { cwd })).exitCode).toBe(0);
    await writeFile(join(cwd, 'mine.json'), '{');
    expect((await runCli(['profile', 'validate', 'mine.json'], { cwd })).exitCode).toBe(1);
  });

  test('wrong usage', async () => {
    const workspace = await Workspace.create();
    expect((await runCli(['rum'], { cwd: workspace.path })).exitCode).toBe(2);
    expect((await workspace.run(['--memory', 'much', '--', 'true'])).exitCode).toBe(125);
  });
});
