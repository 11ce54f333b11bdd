import { execFile } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { readCallersFile } from '../../src/spec/caller-file.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const run = promisify(execFile);
const mostBytes = 100_000;

async function pipe(): Promise<string> {
  const path = join(await temporaryDirectory(), 'pipe');
  await run('mkfifo', [path]);
  return path;
}

/** Tells when the reader has looked and found nothing: then it waits, for as long as the signal lets it. */
function watchedWait() {
  const cancel = new AbortController().signal;
  const begun = vi.spyOn(cancel, 'addEventListener');
  const waits = async () => {
    begun.mockClear();
    await vi.waitUntil(() => begun.mock.calls.length > 0, { interval: 1 });
  };
  return { cancel, waits };
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
  const { cancel, waits } = watchedWait();
  const reading = readCallersFile(path, { mostBytes, cancel });
  await waits();
  const writer = await open(path, 'w');
  await writer.write('one');
  await waits();
  await writer.write('two');
  await writer.close();
  expect((await reading).toString()).toBe('onetwo');
});

test('a pipe whose writer says nothing is empty', async () => {
  const path = await pipe();
  const writer = await open(path, 'r+');
  const { cancel, waits } = watchedWait();
  const reading = readCallersFile(path, { mostBytes, cancel });
  await waits();
  await writer.close();
  expect(await reading).toHaveLength(0);
});

test('a pipe that nobody writes to is given up', async () => {
  const reading = readCallersFile(await pipe(), { mostBytes, patienceMs: 50 });
  await expect(reading).rejects.toThrow('nobody writes to this pipe');
});
