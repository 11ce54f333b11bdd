import {
  chown,
  mkdtemp,
  open,
  readFile,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Headers, extract } from 'tar-stream';
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

test('empty files come, whatever their names and owners are', async () => {
  const path = await directory();
  const names = ['empty', 'ünïcode', `${'long-'.repeat(40)}name`, 'owned'];
  for (const name of names) await writeFile(join(path, name), '');
  if (process.getuid?.() === 0) await chown(join(path, 'owned'), 3_000_000, 3_000_000);
  await writeFile(join(path, 'behind'), 'content');
  const found = await headersIn(path);
  expect(found.map(({ name }) => name)).toEqual(['behind', ...names.toSorted()]);
  expect(found.map(({ size }) => size)).toEqual([7, 0, 0, 0, 0]);
});

test.each([
  ['before 1970', -86_400, 0],
  ['after 2038', 4e9, 2 ** 31 - 1],
  ['between', 86_400, 86_400],
])('a time of change %s becomes one that the format can hold', async (_, seconds, expected) => {
  const path = await directory();
  await writeFile(join(path, 'file'), 'x');
  const time = new Date(seconds * 1000);
  await utimes(join(path, 'file'), time, time);
  const [header] = await headersIn(path);
  expect(header?.mtime?.getTime()).toBe(expected * 1000);
});

test('a link whose target is not UTF-8 is left out with a word', async () => {
  const path = await directory();
  await symlink(Buffer.from([0x61, 0xff]), join(path, 'odd'));
  await symlink('tärget', join(path, 'plain'));
  const warnings: string[] = [];
  const found = await headersIn(path, (message) => warnings.push(message));
  expect(found.map(({ name, linkname }) => [name, linkname])).toEqual([['plain', 'tärget']]);
  expect(warnings).toEqual(['left out 1 files whose names or link targets are not UTF-8: odd']);
});

/** What an archive of the directory has in it. */
async function headersIn(path: string, warn: (message: string) => void = () => undefined) {
  const found: Headers[] = [];
  const reader = extract().on('entry', (header, content, next) => {
    found.push(header);
    content.on('end', next).resume();
  });
  for await (const chunk of await directoryArchive(path, { ...context, warn })) {
    reader.write(chunk);
  }
  return found;
}

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
