import { execFileSync } from 'node:child_process';
import { chmod, copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Batch } from '../helpers/batch.ts';
import { binPath, finished, printed, runCli } from '../helpers/cli.ts';

const on = ['--engine', 'simulation'];
const passing = { id: 'default', command: ['true'] };
const sh = (line: string) => ['sh', '-c', line];

describe('Options that contradict each other are refused with one message', () => {
  test.each([
    ['--retry-on failed', /^ {2}--retry-on +expected --retries N with it/m],
    ['--halt never,fail=3', /^ {2}--halt +expected never, soon or now/m],
    ['--resume --resume-failed', /^ {2}--resume-failed +expected one of the two/m],
    ['--json --tag', /^ {2}--tag +expected without --json/m],
    ['--json --keep-order', /^ {2}--keep-order +expected without --json/m],
    ['--junit -', /^ {2}--junit +expected the path of a file, got "-"/m],
    ['--report -', /^ {2}--report +expected the path of a file, got "-"/m],
    ['--summary -', /^ {2}--summary +expected the path of a file, got "-"/m],
  ])('%s', async (options, says) => {
    const batch = await Batch.create([passing]);
    const { exitCode, stderr } = await batch.run([...on, ...options.split(' ')]);
    expect(exitCode).toBe(125);
    expect(stderr).toMatch(/^sandbox: 1 problem$/m);
    expect(stderr).toMatch(says);
    expect(await batch.workspace.receiptNames()).toEqual([]);
  });

  test('but not those that only look like it', async () => {
    const batch = await Batch.create([passing]);
    const options = ['--retries', '0', '--retry-on', 'failed', '--halt', 'never', '--resume'];
    expect((await batch.run([...on, ...options])).exitCode).toBe(0);
  });
});

describe('Reports', () => {
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

  test('can be read by their owner only, unless one that is there can be read by others', async () => {
    const batch = await Batch.create([passing]);
    const [junit, report] = ['j.xml', 'made/r.html'].map((name) =>
      join(batch.workspace.root, name),
    );
    if (!junit || !report) throw new Error('two paths');
    await writeFile(junit, 'an earlier one');
    await chmod(junit, 0o664);
    await batch.run([...on, '--junit', junit, '--report', report]);
    expect([await modeOf(junit), await modeOf(report)]).toEqual(['664', '600']);
    expect(await readFile(junit, 'utf8')).toContain('<testsuites');
  });

  test('tell what was taken from an earlier run apart from what ran', async () => {
    const failing = { id: 'earlier', command: sh('exit 3') };
    const batch = await Batch.create([failing]);
    await batch.run(on);
    await batch.rewrite([failing, { ...failing, id: 'later' }]);
    const junit = join(batch.workspace.root, 'j.xml');
    const { stderr, summary } = await batch.run([...on, '--resume', '--junit', junit]);
    expect(stderr).toContain('earlier: failed, exit code 3 (earlier, not run again)');
    expect(stderr).toMatch(/later: failed, exit code 3$/m);
    expect(await readFile(junit, 'utf8')).toContain('exit code 3 (earlier, not run again)');
    const durations = summary?.tasks.map(({ durationMs }) => durationMs) ?? [];
    expect(durations.map(Number.isInteger)).toEqual([true, true]);
  });
});

test('Two files of one name with two endings have two summaries', async () => {
  const batch = await Batch.create([passing]);
  const other = join(dirname(batch.file), 'tasks.ndjson');
  await copyFile(batch.file, other);
  await batch.run(on);
  await runCli(['batch', other, ...on], { cwd: batch.workspace.path, input: '' });
  const names = (await batch.workspace.receiptNames()).filter((name) => name.includes('batch'));
  expect(names.sort()).toEqual(['tasks.jsonl.batch.json', 'tasks.ndjson.batch.json']);
});

describe('What ends a batch early is told as it is', () => {
  const endless = {
    id: 'endless',
    command: sh('trap "" TERM; echo up; while :; do sleep 1; done'),
  };

  test('each interrupt says what the next one does', async () => {
    const batch = await Batch.create([endless]);
    const running = batch.start([...on, '--tag', '--kill-after', '100s']);
    onTestFinished(() => void running.kill('SIGKILL'));
    await printed(running.stdout, 'up');
    running.kill('SIGINT');
    await printed(running.stderr, '(interrupt again to stop it)');
    running.kill('SIGINT');
    await printed(running.stderr, '(interrupt again to kill it)');
    running.kill('SIGINT');
    expect((await finished(running)).exitCode).toBe(130);
    expect((await batch.summary())?.tasks[0]?.status).toBe('cancelled');
  });

  test('after a SIGTERM the next signal kills', async () => {
    const batch = await Batch.create([endless]);
    const running = batch.start([...on, '--tag', '--kill-after', '100s']);
    onTestFinished(() => void running.kill('SIGKILL'));
    await printed(running.stdout, 'up');
    running.kill('SIGTERM');
    await printed(running.stderr, '(interrupt again to kill it)');
    running.kill('SIGTERM');
    expect((await finished(running)).exitCode).toBe(143);
  });

  test('a reader that has gone away is no interrupt', async () => {
    const lines = 'while :; do echo line; done';
    const batch = await Batch.create([{ id: 'chatty', command: sh(lines) }]);
    const errors = join(batch.workspace.root, 'errors');
    const command = [
      binPath,
      'batch',
      batch.file,
      ...on,
      '--tag',
      '2>',
      errors,
      '|',
      'head',
      '-n1',
    ];
    execFileSync('sh', ['-c', command.join(' ')], { cwd: batch.workspace.path });
    const told = await readFile(errors, 'utf8');
    expect(told).toContain('the reader of standard output went away');
    expect(told).not.toContain('interrupt');
    const [row] = (await batch.summary())?.tasks ?? [];
    expect(row?.status).toBe('cancelled');
    expect(row?.reason).toMatch(/^cancelled: the reader of the output went away/);
  });
});

test('What is wrong with a batch is one line of JSON, too', async () => {
  const batch = await Batch.create([{ id: 'sizeless', command: ['true'], memory: 'much' }]);
  const { stdout, exitCode } = await batch.run([...on, '--json']);
  expect(exitCode).toBe(125);
  expect(stdout.trimEnd()).not.toContain('\n');
  expect(JSON.parse(stdout)).toMatchObject({
    error: { problems: [{ subject: 'line 1: memory' }] },
  });
});
