import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { findReceipt } from '../../src/receipt/find-receipt.ts';
import { listReceipts } from '../../src/receipt/receipt-listing.ts';
import { failureOf } from './support/failure.ts';
import { putReceipt, receiptOf } from './support/receipt-files.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const all = { isWanted: () => true, mayBeMissing: false };

test('the newest comes first, and one that never started stands where its receipt was written', async () => {
  const directory = await temporaryDirectory();
  const at = (startedAt: string | null) => ({ timing: { startedAt } });
  await putReceipt(directory, receiptOf('middle', at('2025-02-01T00:00:00.000Z')));
  await putReceipt(directory, receiptOf('never', at(null)));
  await putReceipt(directory, receiptOf('old', at('2025-01-01T00:00:00.000Z')));
  const { rows } = await listReceipts(directory, all);
  expect(rows.map(({ id }) => id)).toEqual(['never', 'middle', 'old']);
  expect(rows[0]?.startedAt).toBeNull();
  expect(Date.parse(rows[0]?.writtenAt ?? '')).toBeGreaterThan(Date.parse('2025-02-02'));
});

test('what is no receipt is named with the reason, and nothing waits or is followed', async () => {
  const directory = await temporaryDirectory();
  const path = await putReceipt(directory, receiptOf('good'));
  const put = async (name: string, text: string) => await writeFile(join(directory, name), text);
  await put('a.json', '{"schema": "sandbox-run/receipt/v1",');
  await put('b.json', '');
  await put('c.json', '{"schema":"sandbox-run/receipt/v9","id":"x","status":"vanished"}');
  await writeFile(join(directory, 'd.json'), Buffer.from([0x22, 0xff, 0x22]));
  await mkdir(join(directory, 'e.json'));
  await execa('mkfifo', [join(directory, 'f.json')]);
  await symlink(path, join(directory, 'g.json'));
  await put('h.json', '');
  await truncate(join(directory, 'h.json'), 300 * 1024 ** 2);
  await put('package.json', '{"schema": 7}');
  await put('list.json', '[1]');
  await put('checks.batch.json', '{"schema":"sandbox-run/batch/v1"}');
  await put('.good.json.tmp', '{');
  await put('report.html', '<');
  const listing = await listReceipts(directory, all);
  expect(listing.rows.map(({ id }) => id)).toEqual(['good']);
  expect(listing.batchSummaries).toEqual(['checks.batch.json']);
  expect(listing.foreign).toEqual(['list.json', 'package.json']);
  const reasons = Object.fromEntries(listing.unreadable.map(({ name, reason }) => [name, reason]));
  expect(reasons).toEqual({
    'a.json': expect.stringContaining('it is not JSON (line 1, column 37') as unknown,
    'b.json': 'it is not JSON (it is empty)',
    'c.json': 'it is of version v9, and has no "status" that is known here',
    'd.json': expect.stringContaining('expected UTF-8') as unknown,
    'e.json': 'it is not a regular file',
    'f.json': 'it is not a regular file',
    'g.json': 'it is a symlink, and those are not followed',
    'h.json': 'it is larger than 256 MiB',
  });
});

test('a file of millions of values is not read, as no receipt has them; one of much text is', async () => {
  const directory = await temporaryDirectory();
  const put = async (name: string, text: string) => await writeFile(join(directory, name), text);
  await put('deep.json', '['.repeat(1_500_000));
  await put('wide.json', `{"schema": "another", "list": [${'[],'.repeat(600_000)}[]]}`);
  await put('ours.json', `{\n  "schema": "sandbox-run/receipt/v1", "x": ${'['.repeat(1_500_000)}`);
  await putReceipt(directory, receiptOf('large', { command: ['echo', '[,'.repeat(1_500_000)] }));
  const { rows, foreign, unreadable } = await listReceipts(directory, all);
  expect(rows.map(({ id }) => id)).toEqual(['large']);
  expect(foreign).toEqual(['deep.json', 'wide.json']);
  const reason = 'it holds more than 1 million values, and no receipt does';
  expect(unreadable).toEqual([{ name: 'ours.json', reason }]);
});

test('a receipt of another version is read as far as it says the same', async () => {
  const directory = await temporaryDirectory();
  const other = { schema: 'sandbox-run/receipt/v2', id: 'next', status: 'failed', command: ['a'] };
  const text = JSON.stringify({ ...other, exitCode: 'x', timing: { durationMs: -1 } });
  await writeFile(join(directory, 'next.json'), text);
  const { rows, unreadable } = await listReceipts(directory, all);
  expect(unreadable).toEqual([]);
  expect(rows).toMatchObject([
    { ...other, exitCode: null, startedAt: null, finishedAt: null, durationMs: null },
  ]);
});

test('of a command of megabytes a row keeps the beginning, and says so', async () => {
  const directory = await temporaryDirectory();
  await putReceipt(directory, receiptOf('long', { command: ['echo', 'x'.repeat(2_000_000)] }));
  await putReceipt(directory, receiptOf('many', { command: Array<string>(100_000).fill('') }));
  for (const row of (await listReceipts(directory, all)).rows) {
    expect(row.commandTruncated).toBe(true);
    expect(JSON.stringify(row.command).length).toBeLessThan(20_000);
  }
});

test('a directory that is missing holds nothing only where nobody named it', async () => {
  const directory = join(await temporaryDirectory(), 'none');
  expect((await listReceipts(directory, { ...all, mayBeMissing: true })).rows).toEqual([]);
  const failure = await failureOf(() => listReceipts(directory, all));
  expect(failure).toMatchObject({ code: 'receipt-not-found' });
});

test('a receipt is found by how its name begins, or by the id that stands in it', async () => {
  const directory = await temporaryDirectory();
  const shelf = { directory, mayBeMissing: false };
  const [alpha, alps] = [receiptOf('alpha'), receiptOf('alps')];
  const path = await putReceipt(directory, alpha);
  await putReceipt(directory, alps);
  await writeFile(join(directory, 'kept.json'), JSON.stringify(receiptOf('0mabc-def')));
  expect(await findReceipt('alpha', shelf)).toBe(path);
  expect(await findReceipt('alph', shelf)).toBe(path);
  expect(await findReceipt('0mab', shelf)).toBe(join(directory, 'kept.json'));
  expect(await failureOf(() => findReceipt('al', shelf))).toMatchObject({
    code: 'receipt-not-found',
    hint: 'Several begin so: alpha, alps',
  });
  const near = await failureOf(() => findReceipt('alpah', shelf));
  expect(near.hint).toBe('Did you mean: alpha');
});

test('the summary of a batch is no receipt that a beginning could mean', async () => {
  const directory = await temporaryDirectory();
  const shelf = { directory, mayBeMissing: false };
  const path = await putReceipt(directory, receiptOf('checks-1'));
  await writeFile(join(directory, 'checks.batch.json'), '{"schema":"sandbox-run/batch/v1"}');
  expect(await findReceipt('checks', shelf)).toBe(path);
  const summary = join(directory, 'checks.batch.json');
  expect(await findReceipt('checks.batch', shelf)).toBe(summary);
});
