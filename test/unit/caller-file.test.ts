import { execFile } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { readCallersFile } from '../../src/spec/caller-file.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const run = promisify(execFile);
const mostBytes = 100_000;

async function pipe(): Promise<string> {
  const path = join(await temporaryDirectory(), 'pipe');
  await run('mkfifo', [path]);
  return path;
}

test('a file, and what has no size of its own', async () => {
  const path = join(await temporaryDirectory(), 'file');
  await writeFile(path, 'content');
  expect((await readCallersFile(path, { mostBytes })).toString()).toBe('content');
  expect(await readCallersFile('/dev/null', { mostBytes })).toHaveLength(0);
  expect(await readCallersFile('/dev/zero', { mostBytes })).toHaveLength(mostBytes + 1);
});

test('a pipe, to its end, also where its writer comes later and writes in parts', async () => {
  const path = await pipe();
  const reading = readCallersFile(path, { mostBytes });
  await run('sh', ['-c', 'exec >"$1"; printf one; sleep 0.1; printf two', 'sh', path]);
  expect((await reading).toString()).toBe('onetwo');
});

test('a pipe whose writer says nothing is empty', async () => {
  const path = await pipe();
  const writer = await open(path, 'r+');
  const reading = readCallersFile(path, { mostBytes });
  setTimeout(() => void writer.close(), 100);
  expect(await reading).toHaveLength(0);
});

test('a pipe that nobody writes to is given up', async () => {
  const reading = readCallersFile(await pipe(), { mostBytes, patienceMs: 50 });
  await expect(reading).rejects.toThrow('nobody writes to this pipe');
});
