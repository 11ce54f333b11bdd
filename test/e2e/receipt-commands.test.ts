import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli } from '../helpers/cli.ts';
import { describeOnEach } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';
import { putReceipt, receiptOf } from '../unit/support/receipt-files.ts';

interface Listed {
  readonly matching: number;
  readonly receipts: readonly { readonly id: string; readonly status: string }[];
  readonly unreadable: readonly { readonly name: string }[];
  readonly error?: { readonly code: string };
}

async function shelf() {
  const workspace = await Workspace.create();
  const receipt = async (words: readonly string[], env = {}) =>
    await runCli(['receipt', ...words], { cwd: workspace.path, env });
  const json = async (words: readonly string[]) =>
    JSON.parse((await receipt([...words, '--json'])).stdout) as Listed;
  return { workspace, receipt, json };
}

describe('receipt ls', () => {
  test('filters, limits and orders, and says what it leaves out', async () => {
    const { workspace, receipt, json } = await shelf();
    const at = (hour: number) => ({ timing: { startedAt: `2025-01-01T0${hour}:00:00.000Z` } });
    await putReceipt(workspace.receiptsDir, receiptOf('first', at(1)));
    await putReceipt(workspace.receiptsDir, receiptOf('second', { ...at(2), status: 'failed' }));
    await putReceipt(workspace.receiptsDir, receiptOf('third', { ...at(3), status: 'timed-out' }));
    const ids = async (words: string[]) =>
      (await json(['ls', ...words])).receipts.map(({ id }) => id);
    expect(await ids([])).toEqual(['third', 'second', 'first']);
    expect(await ids(['--status', 'failed,timed-out'])).toEqual(['third', 'second']);
    expect(await ids(['--since', '2025-01-01T02:00Z', '-n', '1'])).toEqual(['third']);
    expect(await ids(['--since', '1h'])).toEqual([]);
    const limited = await receipt(['ls', '--limit', '2']);
    expect(limited).toMatchObject({ exitCode: 0, stderr: 'sandbox: 2 of 3 receipts are shown\n' });
    expect(limited.stdout).toMatch(
      /^ID +STATUS +EXIT +TOOK +WHEN +COMMAND\nthird .*\nsecond .*\n$/,
    );
    expect((await receipt(['ls', '-q', workspace.receiptsDir])).stdout).toBe(
      'third\nsecond\nfirst\n',
    );
  });

  test('a file that cannot be read is named, and the exit code is 1', async () => {
    const { workspace, receipt, json } = await shelf();
    const path = await putReceipt(workspace.receiptsDir, receiptOf('good'));
    await writeFile(join(dirname(path), 'half\u001b[2J.json'), '{"schema":');
    const { exitCode, stdout, stderr } = await receipt(['ls']);
    expect([exitCode, stdout.split('\n').length]).toEqual([1, 3]);
    expect(stderr).toContain(
      String.raw`cannot be read as a receipt: half\x1b[2J.json: it is not JSON`,
    );
    expect(stderr).not.toContain('\u001b');
    expect((await json(['ls'])).unreadable).toMatchObject([{ name: 'half\u001b[2J.json' }]);
    expect((await receipt(['stats'])).exitCode).toBe(1);
  });

  test('before the first run there is none, which is fine; a directory that is named must be there', async () => {
    const { receipt, json } = await shelf();
    expect((await receipt(['ls'])).exitCode).toBe(0);
    expect(await json(['ls'])).toMatchObject({ matching: 0, receipts: [] });
    const missing = await receipt(['ls', 'nowhere', '--json']);
    expect(missing.exitCode).toBe(1);
    expect(JSON.parse(missing.stdout)).toMatchObject({ error: { code: 'receipt-not-found' } });
  });

  test('looks where a run would leave its receipt', async () => {
    const { workspace, receipt } = await shelf();
    await putReceipt(join(workspace.root, 'elsewhere'), receiptOf('moved'));
    const env = { SANDBOX_RECEIPT_DIR: join(workspace.root, 'elsewhere') };
    expect((await receipt(['ls', '-q'], env)).stdout).toBe('moved\n');
  });

  test.each([
    [['ls', '--status', 'faild'], 'did you mean failed?'],
    [['ls', 'a', 'b'], 'expected DIR, got "b" besides'],
    [['ls', '--since', 'soon', '--limit', '0'], '2 problems'],
    [['show'], 'expected PATH|ID, got none'],
    [['show', 'x', '--stdout', '--json'], 'expected one of --stdout, --stderr and --json'],
    [['stats', '--limit', '1'], 'unknown option'],
    [['lst'], 'Did you mean: sandbox receipt ls'],
  ])('%j is wrong usage', async (words, message) => {
    const { exitCode, stderr } = await (await shelf()).receipt(words);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('receipt show', () => {
  test('by a path, an id or its beginning; --json is the receipt itself', async () => {
    const { workspace, receipt } = await shelf();
    const path = await putReceipt(workspace.receiptsDir, receiptOf('only-one'));
    const itself = await readFile(path, 'utf8');
    for (const word of [path, 'only-one', 'on', '../app.receipts/only-one.json']) {
      const { exitCode, stdout } = await receipt(['show', word, '--json']);
      expect([exitCode, stdout]).toEqual([0, itself]);
    }
    expect((await receipt(['show', 'on', workspace.receiptsDir])).stdout).toMatch(
      /^id +only-one$/m,
    );
  });

  test('what is none is told, with what is near', async () => {
    const { workspace, receipt } = await shelf();
    const path = await putReceipt(workspace.receiptsDir, receiptOf('alpha'));
    const near = await receipt(['show', 'alpah']);
    expect(near).toMatchObject({ exitCode: 1, stdout: '' });
    expect(near.stderr).toContain('Did you mean: alpha');
    await writeFile(join(dirname(path), 'checks.batch.json'), '{"schema":"sandbox-run/batch/v1"}');
    const summary = await receipt(['show', 'checks.batch']);
    expect(summary.exitCode).toBe(1);
    expect(summary.stderr).toContain('it is the summary of a batch');
    const nothing = await receipt(['show', './none.json']);
    expect(nothing.exitCode).toBe(1);
    expect(nothing.stderr).toContain('there is no such file');
  });

  test('one of another version is shown as far as it is understood', async () => {
    const { workspace, receipt } = await shelf();
    const { stdout: output } = receiptOf('x');
    const other = { ...receiptOf('next'), schema: 'sandbox-run/receipt/v2', limits: 'new' };
    await putReceipt(workspace.receiptsDir, other as never);
    const { exitCode, stdout } = await receipt(['show', 'next']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^version +sandbox-run\/receipt\/v2, not quite as it is known here/m);
    expect(stdout).toContain('| out');
    expect((await receipt(['show', 'next', '--stdout'])).stdout).toBe(output.text);
  });
});

describeOnEach('receipts of real tasks', (engine) => {
  const on = ['--engine', engine, '-q'];
  /** An id that no task of another test has. */
  const own = (name: string) => `${name}-of-shelf-${process.pid}`;

  test('are listed, shown and counted', async () => {
    const { workspace, receipt, json } = await shelf();
    const bytes = String.raw`printf 'a\377\000\033[31mb\n' >&2`;
    await workspace.run([...on, '--id', own('bad'), '-c', `${bytes}; echo x > made; exit 3`]);
    await workspace.run([...on, '--id', own('late'), '--timeout', '0.2s', '--', 'sleep', '100']);
    expect((await json(['ls'])).receipts).toMatchObject([
      { id: own('late'), status: 'timed-out' },
      { id: own('bad'), status: 'failed' },
    ]);
    const raw = await receipt(['show', own('bad'), '--stderr']);
    expect(raw.stderrBytes).toHaveLength(0);
    expect([...raw.stdoutBytes]).toEqual([...Buffer.from('a\xff\0\x1b[31mb\n', 'latin1')]);
    const shown = await receipt(['show', own('bad')]);
    expect(shown.stdout).toMatch(/^added +made \(2 bytes\)$/m);
    expect(shown.stdout).toMatch(/^exit code +3$/m);
    expect(shown.stdout).toContain(String.raw`\x1b[31mb`);
    expect(shown.stdout).not.toContain('\u001b');
    const late = await receipt(['show', own('late')]);
    expect(late.stdout).toMatch(/^status +timed-out after .*\(limit 200ms\), ended by SIGTERM/m);
    const { stdout } = await receipt(['stats', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ total: 2, passRate: 0, byStatus: { failed: 1 } });
  });

  test('of output that is kept in part, exactly the parts are printed', async () => {
    const { workspace, receipt } = await shelf();
    await workspace.run([...on, '--id', own('big'), '--output-limit', '1k', '-c', 'seq 1 10000']);
    const { exitCode, stdout, stderr } = await receipt(['show', own('big'), '--stdout']);
    const { stdout: output } = await workspace.receipt();
    expect(stdout).toBe(`${output.text ?? ''}${output.tail?.text ?? ''}`);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      `${output.omittedBytes ?? ''} bytes between the first and the last part`,
    );
  });
});
