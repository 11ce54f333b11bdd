import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { batchName, idAt } from '../../src/spec/batch/batch-ids.ts';
import { readBatchSource } from '../../src/spec/batch/batch-source.ts';
import { taskIdPattern } from '../../src/spec/task-id.ts';
import { failureOf } from './support/failure.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

async function* streamOf(...chunks: Buffer[]): AsyncIterable<Buffer> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

async function read(file: string, { cwd = '/', stdin = streamOf() } = {}) {
  return await readBatchSource({ file, cwd, stdin }, null);
}

test('A file is found from where the caller stands, and gives the batch its name', async () => {
  const cwd = await temporaryDirectory();
  await writeFile(join(cwd, 'my tasks.jsonl'), '["ü"]\n');
  expect(await read('my tasks.jsonl', { cwd })).toEqual({
    path: join(cwd, 'my tasks.jsonl'),
    title: 'my tasks.jsonl',
    name: 'my-tasks',
    fullName: 'my tasks.jsonl',
    format: null,
    text: '["ü"]\n',
  });
});

test('A dash is standard input, whose chunks may end within a character', async () => {
  const bytes = Buffer.from('["ü"]');
  const stdin = streamOf(bytes.subarray(0, 3), bytes.subarray(3));
  expect(await read('-', { stdin })).toMatchObject({ path: null, name: 'batch', text: '["ü"]' });
});

describe('is refused', () => {
  test.each([
    ['what is not there', 'missing.jsonl', 'there is no such file'],
    ['a directory', 'folder', 'it is a directory'],
    ['text that is not UTF-8', 'latin.csv', 'expected text in UTF-8, found another encoding'],
    ['UTF-16', 'wide.csv', 'expected text in UTF-8, found UTF-16'],
  ])('%s', async (_, file, expected) => {
    const cwd = await temporaryDirectory();
    await mkdir(join(cwd, 'folder'));
    await writeFile(join(cwd, 'latin.csv'), Buffer.from('line\n\xe4', 'latin1'));
    await writeFile(join(cwd, 'wide.csv'), Buffer.from('\uFEFFline', 'utf16le'));
    const failure = await failureOf(() => read(file, { cwd }));
    expect(failure.code).toBe('invalid-settings');
    expect(failure.message).toContain(`${file}: ${expected}`);
  });

  test('a stream without an end, once it is too large', async () => {
    let sent = 0;
    const chunk = Buffer.alloc(32 * 1024 ** 2);
    async function* endless(): AsyncIterable<Buffer> {
      for (;;) {
        sent += 1;
        yield await Promise.resolve(chunk);
      }
    }
    const failure = await failureOf(() => read('-', { stdin: endless() }));
    expect(failure.message).toContain('larger than 256 MiB');
    expect(sent).toBe(9);
  });
});

test.each([
  ['tasks.jsonl', 'tasks'],
  ['tasks.v2.yaml', 'tasks.v2'],
  ['.jsonl', 'jsonl'],
  ['--weird name (1).csv', 'weird-name-1'],
  ['日本.csv', 'batch'],
  [`${'n'.repeat(99)}.csv`, 'n'.repeat(63)],
])('The ids of %s begin with %s', (file, name) => {
  expect(batchName(file)).toBe(name);
  expect(idAt(batchName(file), { index: 99_999, total: 100_000 })).toMatch(taskIdPattern);
});
