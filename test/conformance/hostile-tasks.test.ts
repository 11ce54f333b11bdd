import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readReceipt, runCli } from '../helpers/cli.ts';
import { chosen, describeOnAll, mayLoseEvents } from '../helpers/engines.ts';
import { HostileRun, peakBytes } from '../helpers/hostile-run.ts';
import { hasCgroups, hasNamespaces } from '../helpers/simulation.ts';
import { Workspace } from '../helpers/workspace.ts';

// Every run asserts that no container, network, process, temporary file or lock is left: see the helper.
describeOnAll('a task that does not want to end', (engine) => {
  const soon = ['--timeout', '1s', '-k', '500ms'];
  const killed = {
    status: 'timed-out',
    exitCode: 124,
    task: { exitCode: 137, signal: 'SIGKILL' },
    evidence: { removed: true, signalsSent: [{ signal: 'SIGTERM' }, { signal: 'SIGKILL' }] },
  };

  test('and ignores every signal is killed', async () => {
    const task = await HostileRun.on(engine);
    const script = '$SIG{$_} = "IGNORE" for keys %SIG; $| = 1; print "deaf\\n"; sleep 9 while 1';
    const { exitCode, stdout, receipt } = await task.of(...soon, '--', 'perl', '-e', script);
    expect({ exitCode, stdout }).toEqual({ exitCode: 124, stdout: 'deaf\n' });
    expect(receipt).toMatchObject(killed);
  });

  test('and has stopped itself and all that it can is killed', async () => {
    const task = await HostileRun.on(engine);
    const line = 'sleep 600 & echo before; kill -STOP -1; kill -STOP $$; echo after';
    const { exitCode, stdout, receipt } = await task.of(...soon, '-c', line);
    expect({ exitCode, stdout }).toEqual({ exitCode: 124, stdout: 'before\n' });
    expect(receipt).toMatchObject(killed);
  });

  test('and prints until it does ends at its deadline, and what it printed is counted', async () => {
    const task = await HostileRun.on(engine);
    const args = ['--timeout', '1s', '--output-limit', '4k', '--', 'yes'];
    const { exitCode, receipt, ...seen } = await task.flood(args, () => undefined);
    expect(exitCode).toBe(124);
    expect(seen.bytes).toBeGreaterThan(0);
    expect(receipt).toMatchObject({ status: 'timed-out', exitCode: 124, stdout: seen });
    expect(receipt.evidence.outputComplete).toBe(true);
  });

  test('and leaves daemons that hold its output ends with its first process', async () => {
    const task = await HostileRun.on(engine);
    const daemon =
      'use POSIX; for (1..3) { next if fork; setsid; exit if fork; $SIG{HUP} = "IGNORE"; sleep 600; exit } print "left\\n"; exit 6';
    const { exitCode, stdout, receipt } = await task.of('--', 'perl', '-e', daemon);
    expect({ exitCode, stdout }).toEqual({ exitCode: 6, stdout: 'left\n' });
    expect(receipt).toMatchObject({ status: 'failed', task: { exitCode: 6 } });
    expect(receipt.evidence).toMatchObject({ outputComplete: true, signalsSent: [] });
  });

  test('until its very deadline has either passed or timed out, and nothing between', async () => {
    const around = ['0.94', '0.98', '1', '1.02'];
    const ends = around.map(async (seconds) => {
      const task = await HostileRun.on(engine);
      return await task.of('--timeout', '1s', '--', 'sleep', seconds);
    });
    for (const { exitCode, receipt } of await Promise.all(ends)) {
      const { status, evidence } = receipt;
      expect(receipt.exitCode).toBe(exitCode);
      expect([0, 124]).toContain(exitCode);
      expect(status).toBe(exitCode === 0 ? 'passed' : 'timed-out');
      expect(evidence.deadline === null).toBe(exitCode === 0);
      expect(evidence.signalsSent).toHaveLength(exitCode === 0 ? 0 : 1);
    }
  });
});

describeOnAll('a task that prints', (engine) => {
  test('a line of 1 GB has all of it passed on, in memory that does not grow', async () => {
    const task = await HostileRun.on(engine);
    const size = 1_000_000_000;
    const peaks: number[] = [];
    const look = (bytes: number, pid: number) => {
      const isDue = bytes > (size / 5) * (peaks.length + 1);
      if (isDue) peaks.push(peakBytes(readFileSync(`/proc/${pid}/status`, 'utf8')));
    };
    const line = ['-c', `head -c ${size} /dev/zero | tr "\\0" x`];
    const { exitCode, receipt, ...seen } = await task.flood(line, look);
    expect({ exitCode, bytes: seen.bytes }).toEqual({ exitCode: 0, bytes: size });
    expect(receipt).toMatchObject({ status: 'passed', stdout: { ...seen, truncated: true } });
    const [early = NaN, late = NaN] = [peaks.at(0), peaks.at(-1)];
    expect(late - early).toBeLessThan(64 * 1024 ** 2);
  }, 120_000);

  test('what is no text, and what would drive a terminal, has it kept as it is', async () => {
    const task = await HostileRun.on(engine);
    const line = String.raw`printf 'a\033[2J\033]0;owned\007\r' >&2; printf 'b\377\300\200\355\240\200'; exit 3`;
    const { exitCode, stderr, stdoutBytes, receipt } = await task.of('-c', line);
    const bytes = Buffer.from('62ffc080eda080', 'hex');
    expect(exitCode).toBe(3);
    expect({ stderr, stdoutBytes }).toEqual({
      stderr: 'a\x1b[2J\x1b]0;owned\x07\r',
      stdoutBytes: bytes,
    });
    expect(receipt.stderr.text).toBe(stderr);
    expect(receipt.stdout).toMatchObject({ text: null, base64: bytes.toString('base64') });
    // For whoever prints the receipt itself.
    const path = join(task.workspace.receiptsDir, `${task.id}.json`);
    expect(await readFile(path, 'latin1')).not.toMatch(/[^\n\x20-\x7e]/);
  });

  test('what would drive a terminal does not do so in our own words', async () => {
    const workspace = await Workspace.create();
    const name = String.raw`a\nsandbox: passed\033[2J\033]0;owned\007`;
    const line = `printf '${name}' >&2; n=$(printf '${name}.'); mkfifo "$n"; exit 3`;
    await writeFile(
      join(workspace.root, 'tasks.jsonl'),
      JSON.stringify({ id: 'escapes', command: ['sh', '-c', line] }),
    );
    const batch = ['batch', ...chosen(engine), '--network', 'none', '../tasks.jsonl'];
    const { exitCode, stdout, stderr } = await runCli(batch, { cwd: workspace.path, input: '' });
    expect(exitCode).toBe(1);
    expect(stdout + stderr).not.toMatch(/[^\n\P{Cc}]/u);
    expect(stderr).toContain(String.raw`\x1b[2J`);
    expect(stderr).not.toMatch(/^sandbox: passed/m);
  });
});

describeOnAll('a task that is given too much', (engine) => {
  test('gets 2 MB of words', async () => {
    const task = await HostileRun.on(engine);
    const words = Array<string>(20).fill('x'.repeat(100_000));
    const line = ['sh', '-c', 'printf %s "$@" | wc -c', 'sh', ...words];
    const { exitCode, stdout, receipt } = await task.of('--', ...line);
    expect({ exitCode, stdout: stdout.trim() }).toEqual({ exitCode: 0, stdout: '2000000' });
    expect(receipt.command).toEqual(line);
  });

  test('gets 20,000 words where there is no limit to their number, and is told where there is', async () => {
    const task = await HostileRun.on(engine);
    const words = Array<string>(20_000).fill('x');
    const result = await task.of('--', 'sh', '-c', 'echo $#', 'sh', ...words);
    if (engine !== 'simulation' || !hasNamespaces) {
      expect(result).toMatchObject({ exitCode: 0, stdout: '20000\n' });
      return;
    }
    expect(result).toMatchObject({ exitCode: 126, receipt: { status: 'not-started' } });
    expect(result.stderr).toContain('(bubblewrap takes 9000 words, with its own options)');
  });

  // Nobody can say it on a command line: a batch can.
  test.each([
    ['one word', { command: ['echo', 'x'.repeat(200_000)] }],
    ['all of it', { command: ['echo', ...Array<string>(30).fill('x'.repeat(100_000))] }],
    ['a variable', { command: ['echo'], env: { LONG: 'x'.repeat(200_000) } }],
  ])('is not started where %s is longer than the kernel takes', async (_, entry) => {
    const workspace = await Workspace.create();
    const id = `long-${process.pid}-${engine}`;
    await writeFile(join(workspace.root, 'tasks.jsonl'), JSON.stringify({ id, ...entry }));
    const batch = ['batch', ...chosen(engine), '--network', 'none', '../tasks.jsonl'];
    const { exitCode, stderr } = await runCli(batch, { cwd: workspace.path, input: '' });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('longer than the kernel takes');
    const receipt = await readReceipt(join(workspace.receiptsDir, `${id}.json`));
    expect(receipt).toMatchObject({
      ...{ status: 'not-started', exitCode: 126, task: null, stderr: { bytes: 0 } },
      error: { code: 'command-not-executable' },
    });
  });

  test('cannot pretend that it was not started', async () => {
    const task = await HostileRun.on(engine);
    const said = 'exec /sbin/docker-init: argument list too long';
    const { exitCode, stderr, receipt } = await task.of('-c', `echo '${said}' >&2; exit 1`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: `${said}\n` });
    expect(receipt.status).toBe('failed');
  });
});

describeOnAll('a task that takes what it can get', (engine) => {
  const canLimit = engine !== 'simulation' || hasCgroups;

  test.skipIf(!canLimit)(
    'of disk and memory at once gets what it may have of each',
    mayLoseEvents,
    async () => {
      const task = await HostileRun.on(engine);
      const line = `perl -e 'my $x = "x" x (512 << 20)' & dd if=/dev/zero of=/tmp/fill bs=1M count=1000; wait $!`;
      const { exitCode, receipt } = await task.of('-m', '64m', '-c', line);
      expect(exitCode).toBe(137);
      expect(receipt).toMatchObject({ status: 'out-of-memory', exitCode: 137 });
      expect(receipt.evidence.oomKills).toBeGreaterThan(0);
    },
  );
});
