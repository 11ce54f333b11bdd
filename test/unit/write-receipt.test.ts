import { lstat, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { composeReceipt } from '../../src/receipt/compose-receipt.ts';
import { ReceiptPlace } from '../../src/receipt/write-receipt.ts';
import { failureOf } from './support/failure.ts';
import { taskRecord } from './support/task-record.ts';
import { taskSpec } from './support/task-spec.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const receipt = composeReceipt(taskRecord());

async function receiptPath(): Promise<string> {
  return join(await temporaryDirectory(), 'app.receipts/task.json');
}

async function writeTo(path: string, content = receipt): Promise<void> {
  const place = await ReceiptPlace.reserve(path);
  await place.write(content);
  await place.release();
}

describe('a receipt that is written', () => {
  test('is JSON that only its owner can read, in a directory that only its owner can enter', async () => {
    const path = await receiptPath();
    await writeTo(path);
    const text = await readFile(path, 'utf8');
    expect(JSON.parse(text)).toEqual(receipt);
    expect(text.endsWith('}\n')).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
  });

  test('leaves nothing else behind', async () => {
    const path = await receiptPath();
    await writeTo(path);
    await writeTo(path);
    expect(await readdir(dirname(path))).toEqual(['task.json']);
  });

  test.each(['target', 'nothing'])(
    'replaces a symlink to %s, and never follows it',
    async (name) => {
      const path = await receiptPath();
      await mkdir(dirname(path));
      const target = `${path}.${name}`;
      if (name === 'target') await writeFile(target, 'untouched');
      await symlink(target, path);
      await writeTo(path);
      expect((await lstat(path)).isFile()).toBe(true);
      expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(receipt);
      const left = await readFile(target, 'utf8').catch(() => 'nothing');
      expect(left).toBe(name === 'target' ? 'untouched' : 'nothing');
    },
  );

  test('is seen whole or not at all by who reads while it is replaced', async () => {
    const path = await receiptPath();
    const place = await ReceiptPlace.reserve(path);
    const versions = ['first', 'second'].map((name) => {
      return composeReceipt(taskRecord({ spec: taskSpec({ command: [name.repeat(20_000)] }) }));
    });
    const [first = receipt, second = receipt] = versions;
    await place.write(first);
    const writing = Array.from({ length: 20 }, (_, index) =>
      place.write(index % 2 ? first : second),
    );
    const reading = Array.from({ length: 50 }, () => readFile(path, 'utf8'));
    for (const text of await Promise.all(reading))
      expect(versions).toContainEqual(JSON.parse(text));
    await Promise.all(writing);
    await place.release();
  });

  test('that cannot take its place leaves no part of it', async () => {
    const path = await receiptPath();
    const place = await ReceiptPlace.reserve(path);
    await mkdir(path);
    expect((await failureOf(() => place.write(receipt))).code).toBe('receipt-not-writable');
    await place.release();
    expect(await readdir(dirname(path))).toEqual(['task.json']);
    expect(await readdir(path)).toEqual([]);
  });
});

describe('a place that cannot be had', () => {
  test.each([
    ['a directory', 'directory', 'it is a directory'],
    ['a path through a file', 'file/r.json', 'a part of its path is not a directory'],
    ['a path deep below a file', 'file/deep/r.json', 'a part of its path is not a directory'],
  ])('is %s', async (_, name, reason) => {
    const root = await temporaryDirectory();
    await mkdir(join(root, 'directory'));
    await writeFile(join(root, 'file'), '');
    const failure = await failureOf(() => ReceiptPlace.reserve(join(root, name)));
    expect(failure.code).toBe('receipt-not-writable');
    expect(failure.message).toContain(`cannot write the receipt ${join(root, name)}`);
    expect(failure.message).toContain(reason);
    expect((await readdir(root)).sort()).toEqual(['directory', 'file']);
    expect(await readdir(join(root, 'directory'))).toEqual([]);
  });

  test.runIf(process.platform === 'linux')(
    'is below a file system that takes nothing, where Node would try for ever',
    async () => {
      const failure = await failureOf(() => ReceiptPlace.reserve('/proc/nowhere/deep/r.json'));
      expect(failure.message).toContain('its directory cannot be made');
    },
  );

  test('is one that a running task has, until it is released', async () => {
    const path = await receiptPath();
    const place = await ReceiptPlace.reserve(path);
    const failure = await failureOf(() => ReceiptPlace.reserve(path));
    expect(failure.code).toBe('id-in-use');
    expect(failure.message).toContain(path);
    await place.release();
    await (await ReceiptPlace.reserve(path)).release();
    expect(await readdir(dirname(path))).toEqual([]);
  });

  test('is not one beside that of a running task', async () => {
    const path = await receiptPath();
    const places = [await ReceiptPlace.reserve(path), await ReceiptPlace.reserve(`${path}2`)];
    for (const place of places) await place.release();
  });
});
