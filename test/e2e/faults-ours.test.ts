import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';
import { binPath, finished, printed, projectRoot, readReceipt } from '../helpers/cli.ts';
import { containersOf, describeOn } from '../helpers/engines.ts';
import { runs } from '../helpers/programs.ts';
import { fillDisk, mountSmallDisk, whyNoDisk } from '../helpers/small-disk.ts';
import { Workspace } from '../helpers/workspace.ts';

let count = 0;
const newId = (name: string) => `${name}-${process.pid}-${(count += 1)}`;
const isThere = async (path: string) =>
  await stat(path).then(
    () => true,
    () => false,
  );
/** With nothing of whoever runs the tests, as startCli does. */
const bare = { PATH: process.env.PATH ?? '', HOME: tmpdir(), XDG_CONFIG_HOME: '/nonexistent' };

/** What is known of an image, kept for the next run. */
const kept = /^[0-9a-f]{64}\.json$/;

/** A temporary directory of its own, in which nothing may be left: the directories of each user are no litter. */
async function ownTmpdir() {
  const path = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  const files = async () => {
    const all = await readdir(path, { recursive: true, withFileTypes: true });
    const names = all.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
    return names.filter((name) => !kept.test(name));
  };
  return { TMPDIR: path, files };
}

/** A task that waits for the end of its input, and what becomes of it once something has happened meanwhile. */
async function meanwhile(workspace: Workspace, id: string, act: (pid: number) => Promise<unknown>) {
  const { TMPDIR, files } = await ownTmpdir();
  const args = ['--engine', 'docker', '--id', id, '-c', 'echo ready; cat; echo over'];
  const running = workspace.start(args, { env: { TMPDIR } });
  await printed(running.stdout, 'ready');
  await act(running.pid ?? 0);
  running.stdin.end();
  const { exitCode, stderr } = await finished(running);
  return { exitCode, stderr, files: await files(), containers: await containersOf(id) };
}

const why = whyNoDisk === null ? '' : ` (skipped: ${whyNoDisk})`;
describeOn('docker', `the directory of the receipts${why}`, () => {
  describe.skipIf(whyNoDisk !== null)('on a disk', () => {
    test('that is full: nothing is started', async () => {
      const workspace = await Workspace.create();
      await mountSmallDisk(workspace.receiptsDir, '64k');
      await fillDisk(workspace.receiptsDir);
      const id = newId('full');
      const args = ['--engine', 'docker', '--id', id, '--', 'touch', 'ran'];
      const { exitCode, stderr } = await workspace.run(args);
      expect(stderr).toContain('the disk is full');
      expect(stderr).toContain('--receipt PATH');
      expect(exitCode).toBe(125);
      expect(await isThere(join(workspace.path, 'ran'))).toBe(false);
      expect(await workspace.receiptNames()).toEqual(['filler']);
    });

    test.each<[string, string, (path: string) => Promise<unknown>]>([
      ['fills up', 'the disk is full', (path) => fillDisk(path)],
      [
        'becomes read-only',
        'the file system is read-only',
        (path) => execa('mount', ['-o', 'remount,ro', path]),
      ],
    ])('that %s while a task runs: 125, and the ending is told', async (_, reason, act) => {
      const workspace = await Workspace.create();
      await mountSmallDisk(workspace.receiptsDir, '64k');
      const id = newId('disk');
      const ended = await meanwhile(workspace, id, () => act(workspace.receiptsDir));
      expect(ended).toMatchObject({ exitCode: 125, files: [], containers: [] });
      expect(ended.stderr).toContain(`cannot write the receipt`);
      expect(ended.stderr).toContain(reason);
      expect(ended.stderr).toContain('status is "passed", its exit code would be 0');
      await execa('mount', ['-o', 'remount,rw', workspace.receiptsDir]);
      await rm(join(workspace.receiptsDir, 'filler'), { force: true });
      // What could not be removed on a read-only disk is taken over.
      const args = ['--engine', 'docker', '--id', id, '--', 'true'];
      expect(await workspace.run(args)).toMatchObject({ exitCode: 0 });
      expect(await workspace.receiptNames()).toEqual([`${id}.json`]);
    });
  });

  test('that somebody removes while a task runs is made again', async () => {
    const workspace = await Workspace.create();
    const id = newId('removed');
    const ended = await meanwhile(workspace, id, () =>
      rm(workspace.receiptsDir, { recursive: true }),
    );
    expect(ended).toMatchObject({ exitCode: 0, stderr: '', files: [], containers: [] });
    expect(await workspace.receiptNames()).toEqual([`${id}.json`]);
    expect(await workspace.receipt()).toMatchObject({ status: 'passed' });
  });
});

const hasPrlimit = await runs('prlimit', ['--version']);
describeOn('docker', 'file handles', () => {
  /** With fewer than the least of these Node cannot read its own program. */
  test.each([28, 33, 38])('only %i: the task runs, or 125 says why', async (limit) => {
    const workspace = await Workspace.create();
    const { TMPDIR, files } = await ownTmpdir();
    const id = newId('few');
    const line = `ulimit -n ${limit}; exec "$@"`;
    const args = [binPath, 'run', '--engine', 'docker', '--id', id, '--', 'echo', 'ran'];
    const { exitCode, stdout, stderr } = await execa('sh', ['-c', line, 'sh', ...args], {
      ...{ cwd: workspace.path, env: { ...bare, TMPDIR }, extendEnv: false },
      ...{ reject: false, stdin: 'ignore' },
    });
    if (exitCode === 0) expect(stdout).toBe('ran');
    else expect(stderr).toMatch(/^sandbox: .*EMFILE|ulimit -n/);
    expect([0, 125]).toContain(exitCode);
    expect(stderr).not.toMatch(/\n +at /);
    expect(await containersOf(id)).toEqual([]);
    expect(await files()).toEqual([]);
    const names = await workspace.receiptNames();
    expect(names.filter((name) => name !== `${id}.json`)).toEqual([]);
  });

  test.skipIf(!hasPrlimit)(
    'that run out while a task runs: 125, what is left is told, and the next run removes it',
    async () => {
      const workspace = await Workspace.create();
      const id = newId('none');
      const ended = await meanwhile(workspace, id, async (pid) => {
        // The task is told to end once no file can be opened any more.
        await execa('prlimit', ['--pid', `${pid}`, '--nofile=3']);
      });
      expect(ended.exitCode).toBe(125);
      expect(ended.stderr).toContain('no more files can be opened');
      expect(ended.stderr).toMatch(/status is "\S+"/);
      expect(ended.stderr).not.toMatch(/\n +at /);
      expect(await workspace.run(['--engine', 'docker', '--id', id, 'true'])).toMatchObject({
        exitCode: 0,
      });
      expect(await containersOf(id)).toEqual([]);
      expect(await workspace.receiptNames()).toEqual([`${id}.json`]);
    },
  );
});

describeOn('docker', 'a reader', () => {
  /** A real pipe, and the exit code of what writes to it. */
  async function piped(workspace: Workspace, { args, reader }: { args: string[]; reader: string }) {
    const line = `{ "$@"; echo $? >../code; } | ${reader}`;
    const { stderr, stdout } = await execa('sh', ['-c', line, 'sh', binPath, ...args], {
      ...{ cwd: workspace.path, env: bare, extendEnv: false, reject: false, stdin: 'ignore' },
    });
    const code = (await readFile(join(workspace.root, 'code'), 'utf8')).trim();
    expect(stderr).not.toMatch(/\n +at /);
    return { code, stdout };
  }

  test.each([
    ['while the task prints', ['-c', 'yes'], 'head -n 1', '141', 'y'],
    ['before it prints', ['-c', 'while echo y; do sleep 0.1; done'], 'true', '141', ''],
    ['before the receipt is printed', ['--json', '--', 'true'], 'true', '0', ''],
    ['who takes one byte of it', ['--json', '--', 'seq', '100000'], 'head -c 1', '0', '{'],
  ])('that goes away %s', async (_, task, reader, code, text) => {
    const workspace = await Workspace.create();
    const id = newId('gone');
    const args = ['run', '--engine', 'docker', '--id', id, ...task];
    expect(await piped(workspace, { args, reader })).toEqual({ code, stdout: text });
    const { status, exitCode } = await workspace.receipt();
    expect(exitCode).toBe(Number(code));
    expect(status).toBe(code === '0' ? 'passed' : 'cancelled');
    expect(await containersOf(id)).toEqual([]);
    expect(await workspace.receiptNames()).toEqual([`${id}.json`]);
  });

  test.each([['help'], ['config'], ['doctor', '--json']])(
    'of %s that goes away',
    async (...args) => {
      const workspace = await Workspace.create();
      const { code } = await piped(workspace, { args, reader: 'true' });
      expect(code).toBe('0');
    },
  );

  test('that stands still keeps neither the deadline nor the receipt waiting, and loses nothing', async () => {
    const workspace = await Workspace.create();
    const id = newId('still');
    const args = ['run', '--engine', 'docker', '--id', id, '--timeout', '2s', '-k', '1s', 'yes'];
    const running = spawn(binPath, args, {
      ...{ cwd: workspace.path, env: bare, stdio: ['ignore', 'pipe', 'pipe'] },
    });
    onTestFinished(() => void running.kill('SIGKILL'));
    const path = join(workspace.receiptsDir, `${id}.json`);
    await expect.poll(() => isThere(path), { timeout: 60_000 }).toBe(true);
    expect(await containersOf(id)).toEqual([]);
    const { status, stdout } = await readReceipt(path);
    expect(running.exitCode).toBeNull();
    const [exit, hash] = [once(running, 'exit'), createHash('sha256')];
    let bytes = 0;
    for await (const chunk of running.stdout as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      hash.update(chunk);
    }
    expect((await exit)[0]).toBe(124);
    expect(status).toBe('timed-out');
    expect({ bytes, sha256: hash.digest('hex') }).toMatchObject({
      bytes: stdout.bytes,
      sha256: stdout.sha256,
    });
  });
});

const hasScript = process.platform === 'linux' && (await runs('script', ['--version']));
describeOn('docker', `a terminal${hasScript ? '' : ' (skipped: no program script)'}`, () => {
  const printing = 'trap "echo bye; exit 3" PIPE; echo ready; while :; do echo x; sleep 0.1; done';

  test.skipIf(!hasScript).each([
    // As a shell does for its jobs.
    ['a task that says nothing, by the hang-up', 'SIGHUP', 129, 'echo ready; exec sleep 1000'],
    // Nobody but the failing output tells of it.
    ['one that goes on printing, without a hang-up', 'SIGPIPE', 141, printing],
  ])('that goes away ends %s', async (_, signal, code, line) => {
    const workspace = await Workspace.create();
    const id = newId('hang-up');
    const told = signal === 'SIGHUP' ? 'kill -HUP $pid' : ':';
    const program = `"$PROGRAM" run --engine docker --id ${id} -c "$LINE"`;
    // A wait that a trap has interrupted knows nothing of the end.
    const command = `trap '${told}' HUP; ${program} & pid=$!; wait $pid; wait $pid; echo $? >../code`;
    const terminal: ChildProcess = spawn('script', ['-qc', command, '/dev/null'], {
      cwd: workspace.path,
      env: { ...bare, SHELL: '/bin/sh', PROGRAM: binPath, LINE: line },
      // Where it is a terminal of ours, nothing may happen to that.
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await printed(terminal.stdout as NodeJS.ReadableStream, 'ready');
    terminal.kill('SIGKILL');
    const written = async () =>
      await readFile(join(workspace.root, 'code'), 'utf8').catch(() => '');
    await expect.poll(written, { timeout: 60_000 }).toBe(`${code}\n`);
    const { status, exitCode, evidence } = await workspace.receipt();
    expect({ status, exitCode }).toEqual({ status: 'cancelled', exitCode: code });
    expect(evidence).toMatchObject({ cancelledBy: signal, removed: true });
    expect(await containersOf(id)).toEqual([]);
    expect(await workspace.receiptNames()).toEqual([`${id}.json`]);
  });
});

const hasCompiler = process.platform === 'linux' && (await runs('gcc', ['--version']));
describeOn('docker', 'time', () => {
  test.skipIf(!hasCompiler)(
    `that is set back and forward decides no deadline${hasCompiler ? '' : ' (skipped: no gcc)'}`,
    async () => {
      const workspace = await Workspace.create();
      const library = join(workspace.root, 'clock.so');
      const source = join(projectRoot, 'test/fixtures/unsteady-clock.c');
      await execa('gcc', ['-shared', '-fPIC', '-o', library, source]);
      const run = async (id: string, args: string[]) => {
        const whole = ['--engine', 'docker', '--id', id, ...args];
        const result = await workspace.run(whole, { env: { LD_PRELOAD: library } });
        const receipt = await readReceipt(join(workspace.receiptsDir, `${id}.json`));
        expect(await containersOf(id)).toEqual([]);
        return { exitCode: result.exitCode, receipt };
      };
      const ends = await run(newId('clock'), ['--timeout', '100s', '-c', 'sleep 1; exit 3']);
      expect(ends).toMatchObject({ exitCode: 3, receipt: { status: 'failed' } });
      expect(ends.receipt.timing.durationMs).toBeGreaterThanOrEqual(1000);
      expect(ends.receipt.timing.durationMs).toBeLessThan(90_000);
      const late = await run(newId('clock'), ['--timeout', '1s', '-c', 'exec sleep 1000']);
      expect(late).toMatchObject({ exitCode: 124, receipt: { status: 'timed-out' } });
      const [signal] = late.receipt.evidence.signalsSent;
      expect(signal?.afterMs).toBeGreaterThanOrEqual(1000);
      expect(signal?.afterMs).toBeLessThan(90_000);
    },
  );

  test('that passes while sandbox is stopped counts: the deadline holds as soon as it goes on', async () => {
    const workspace = await Workspace.create();
    const id = newId('stopped');
    const line = 'echo ready; sleep 3; touch late; exec sleep 1000';
    const running = workspace.start([
      '--engine',
      'docker',
      '--id',
      id,
      '--timeout',
      '2s',
      '-c',
      line,
    ]);
    onTestFinished(() => void running.kill('SIGKILL'));
    await printed(running.stdout, 'ready');
    running.kill('SIGSTOP');
    await expect.poll(() => isThere(join(workspace.path, 'late')), { timeout: 60_000 }).toBe(true);
    running.kill('SIGCONT');
    expect(await finished(running)).toMatchObject({ exitCode: 124, stdout: 'ready\n' });
    const { status, evidence } = await workspace.receipt();
    expect(status).toBe('timed-out');
    expect(evidence).toMatchObject({ removed: true, outputComplete: true });
    expect(await containersOf(id)).toEqual([]);
    expect(await workspace.receiptNames()).toEqual([`${id}.json`]);
  });
});
