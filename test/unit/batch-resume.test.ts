import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { composeReceipt } from '../../src/receipt/compose-receipt.ts';
import { readReceipt } from '../../src/receipt/read-receipt.ts';
import type { Receipt } from '../../src/receipt/receipt.ts';
import { earlierOf } from '../../src/run/batch/resume.ts';
import { taskRecord } from './support/task-record.ts';
import { taskSpec } from './support/task-spec.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

async function kindOf(change: (receipt: Receipt) => unknown): Promise<string> {
  const receiptPath = join(await temporaryDirectory(), 'r', 'one.json');
  const spec = taskSpec({ receiptPath });
  const text = change(composeReceipt(taskRecord({ spec })));
  await mkdir(dirname(receiptPath));
  await writeFile(receiptPath, typeof text === 'string' ? text : JSON.stringify(text));
  return (await earlierOf({ index: 0, line: 1, spec }, 'ended')).kind;
}

const timing = (changes: object) => (receipt: Receipt) => ({
  ...receipt,
  timing: { ...receipt.timing, ...changes },
});

test('a receipt of the same task is taken', async () => {
  expect(await kindOf((receipt) => receipt)).toBe('row');
});

test.each<[string, (receipt: Receipt) => unknown]>([
  ['another exit code', (receipt) => ({ ...receipt, exitCode: 7 })],
  ['a fraction of an exit code', (receipt) => ({ ...receipt, exitCode: 0.5 })],
  [
    'an exit code that no process has',
    (receipt) => ({ ...receipt, status: 'failed', exitCode: 1e9 }),
  ],
  ['a time that is none', timing({ startedAt: '\u001b[31mnow' })],
  ['a day that no month has', timing({ finishedAt: '2025-01-01T00:00:00+99:99' })],
  ['no time', timing({ startedAt: null })],
  ['a negative duration', timing({ durationMs: -1 })],
  ['no duration', timing({ durationMs: null })],
  ['a key of its own', (receipt) => ({ ...receipt, extra: '<script>' })],
  ['the half of it', (receipt) => JSON.stringify(receipt).slice(0, 100)],
])('one with %s is odd, so that the task runs again', async (_, change) => {
  expect(await kindOf(change)).toBe('odd');
});

test('one that is a link to a good one is odd, and sandbox logs does not read it', async () => {
  const receiptPath = join(await temporaryDirectory(), 'one.json');
  const spec = taskSpec({ receiptPath });
  const receipt = composeReceipt(taskRecord({ spec }));
  await writeFile(`${receiptPath}.good`, JSON.stringify(receipt));
  expect(await readReceipt(`${receiptPath}.good`, spec.id)).toEqual(receipt);
  await symlink(`${receiptPath}.good`, receiptPath);
  expect(await readReceipt(receiptPath, spec.id)).toBeNull();
  expect(await earlierOf({ index: 0, line: 1, spec }, 'ended')).toEqual({
    kind: 'odd',
    reason: 'it is a symlink, and those are not followed',
  });
});

test('where none is, nothing is odd', async () => {
  const spec = taskSpec({ receiptPath: join(await temporaryDirectory(), 'none.json') });
  expect((await earlierOf({ index: 0, line: 1, spec }, 'ended')).kind).toBe('none');
});
