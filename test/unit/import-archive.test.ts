import { mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { directoryArchive } from '../../src/engine/docker/images/offline/import-archive.ts';
import { elfFacts } from '../../src/engine/docker/images/offline/minimal-elf.ts';

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

const context = { cancel: new AbortController().signal, warn: () => undefined };

test('the same directory gives the same archive', async () => {
  const path = await directory();
  for (const name of ['b', 'a', 'c']) await writeFile(join(path, name), name.repeat(1_000));
  const read = async () => Buffer.concat(await chunksOf(path));
  expect((await read()).equals(await read())).toBe(true);
});

test('a file that shrinks while it is read breaks the archive', async () => {
  const path = await directory();
  const large = join(path, 'large');
  await writeFile(large, '');
  await truncate(large, 50_000_000);
  let hasShrunk = false;
  const reading = chunksOf(path, async () => {
    if (!hasShrunk) await truncate(large, 0);
    hasShrunk = true;
  });
  await expect(reading).rejects.toMatchObject({ code: 'image-not-loaded' });
  expect(hasShrunk).toBe(true);
});

test('a large file is not read ahead of who takes the archive', async () => {
  const path = await directory();
  const file = await open(join(path, 'large'), 'w');
  await file.truncate(200_000_000);
  await file.close();
  let mostBytes = 0;
  const before = process.memoryUsage().arrayBuffers;
  for await (const chunk of await directoryArchive(path, context)) {
    const aheadBytes = process.memoryUsage().arrayBuffers - before - (chunk as Buffer).length;
    mostBytes = Math.max(mostBytes, aheadBytes);
  }
  expect(mostBytes).toBeLessThan(100_000_000);
});

async function chunksOf(path: string, onChunk: () => Promise<void> = () => Promise.resolve()) {
  const chunks: Buffer[] = [];
  for await (const chunk of await directoryArchive(path, context)) {
    chunks.push(chunk as Buffer);
    await onChunk();
  }
  return chunks;
}

test('of a program it is told whether it needs a loader, and for what it is', async () => {
  const program = await readFile(process.execPath);
  expect(elfFacts(program)).toMatchObject({ isStatic: false });
  expect(elfFacts(Buffer.from('#!/bin/sh\n'.repeat(20)))).toBeNull();
  expect(elfFacts(program.subarray(0, 100))).toBeNull();
});
