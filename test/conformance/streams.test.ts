import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { binPath, finished, printed } from '../helpers/cli.ts';
import { chosen, describeOnAll } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describeOnAll('streams', (engine) => {
  const on = [...chosen(engine), '-q'];

  test('stdout and stderr come through byte for byte and separately', async () => {
    const workspace = await Workspace.create();
    const [out, err] = [randomBytes(300_000), randomBytes(200_001)];
    await writeFile(join(workspace.path, 'out'), out);
    await writeFile(join(workspace.path, 'err'), err);
    const result = await workspace.run([...on, '-c', 'cat out; cat err >&2']);
    const receipt = await workspace.receipt();
    expect(result.stdoutBytes.equals(out)).toBe(true);
    expect(result.stderrBytes.equals(err)).toBe(true);
    expect(Buffer.from(receipt.stdout.base64 ?? '', 'base64').equals(out)).toBe(true);
    expect(receipt.stdout).toMatchObject({ text: null, bytes: out.length, sha256: sha256(out) });
    expect(receipt.stderr).toMatchObject({ text: null, bytes: err.length, sha256: sha256(err) });
  });

  test('a reader who begins late gets every byte from a pipe that was full long before', async () => {
    const workspace = await Workspace.create();
    const bytes = randomBytes(5_000_000);
    await writeFile(join(workspace.path, 'bytes'), bytes);
    await promisify(execFile)('mkfifo', [join(workspace.path, 'begin')]);
    // Node's own pipes are sockets.
    const line = '"$@" | { read -r word <begin; cat; }';
    const task = ['-c', 'head -c 100000 bytes; echo now >begin; tail -c +100001 bytes'];
    const { stdout } = await execa('sh', ['-c', line, 'sh', binPath, 'run', ...on, ...task], {
      cwd: workspace.path,
      env: { PATH: process.env.PATH, XDG_CONFIG_HOME: '/nonexistent' },
      extendEnv: false,
      encoding: 'buffer',
      stripFinalNewline: false,
      input: '',
    });
    expect(Buffer.from(stdout).equals(bytes)).toBe(true);
    expect((await workspace.receipt()).stdout.sha256).toBe(sha256(bytes));
  });

  test('a missing final newline stays missing', async () => {
    const workspace = await Workspace.create();
    const { stdout } = await workspace.run([...on, '--', 'printf', 'no newline']);
    expect(stdout).toBe('no newline');
  });

  test('a line is seen before the task ends', async () => {
    const workspace = await Workspace.create();
    const running = workspace.start([...on, '-c', 'echo first; read line; echo "then $line"']);
    await printed(running.stdout, 'first');
    running.stdin.end('go\n');
    const { stdout, exitCode } = await finished(running);
    expect(stdout).toBe('first\nthen go\n');
    expect(exitCode).toBe(0);
  });

  test('piped input arrives whole, and its end is seen', async () => {
    const workspace = await Workspace.create();
    const input = randomBytes(1_000_000);
    const { stdoutBytes, exitCode } = await workspace.run([...on, '--', 'cat'], { input });
    expect(exitCode).toBe(0);
    expect(stdoutBytes.equals(input)).toBe(true);
  });

  test('a task that does not read its input ends all the same', async () => {
    const workspace = await Workspace.create();
    const input = Buffer.alloc(5_000_000, 'x');
    const { exitCode } = await workspace.run([...on, '--', 'true'], { input });
    expect(exitCode).toBe(0);
  });

  test('a task may close its output and go on', async () => {
    const workspace = await Workspace.create();
    const line = 'exec >&- 2>&-; sleep 0.3; touch finished; exit 5';
    const { exitCode } = await workspace.run([...on, '-c', line]);
    expect(exitCode).toBe(5);
  });

  test('the receipt keeps the first and the last part of much output, and digests the whole', async () => {
    const workspace = await Workspace.create();
    const args = [...on, '--output-limit', '1k', '--', 'seq', '1', '500000'];
    const { stdout, stdoutBytes } = await workspace.run(args);
    const receipt = await workspace.receipt();
    expect(stdout.endsWith('499999\n500000\n')).toBe(true);
    expect(receipt.stdout.truncated).toBe(true);
    expect(receipt.stdout.text).toBe(stdout.slice(0, 512));
    expect(receipt.stdout.tail?.text).toBe(stdout.slice(-512));
    expect(receipt.stdout.omittedBytes).toBe(stdoutBytes.length - 1024);
    expect(receipt.stdout.bytes).toBe(stdoutBytes.length);
    expect(receipt.stdout.sha256).toBe(sha256(stdoutBytes));
  });

  test('--json puts the receipt, and nothing else, on stdout', async () => {
    const workspace = await Workspace.create();
    const { stdout, stderr } = await workspace.run([
      ...on,
      '--json',
      '-c',
      'echo out; echo err >&2',
    ]);
    expect(JSON.parse(stdout)).toEqual(await workspace.receipt());
    expect(stderr).toBe('');
    expect((JSON.parse(stdout) as { stderr: { text: string } }).stderr.text).toBe('err\n');
  });
});
