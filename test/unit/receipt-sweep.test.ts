import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { currentOwner } from '../../src/engine/owner.ts';
import { ReceiptPlace } from '../../src/receipt/write-receipt.ts';
import { Sweep } from '../../src/run/leftovers-beside.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const suffix = '0123456789ab';
const draft = '{\n  "schema": "sandbox-run/receipt/v1",\n  "id": "half';
const dead = JSON.stringify({ ...currentOwner(), pidStart: '1' });

async function sweptBy(directory: string): Promise<string[]> {
  const place = await ReceiptPlace.reserve(join(directory, 'new.json'));
  const sweep = new Sweep(place.path);
  sweep.begin();
  await sweep.end();
  await place.release();
  return (await readdir(directory)).sort();
}

test('what a killed process left beside its receipts goes with the next one', async () => {
  const directory = await temporaryDirectory();
  const write = (name: string, text: string) => writeFile(join(directory, name), text);
  await write('.dead.json.lock', dead);
  await write(`.dead.json.${suffix}.tmp`, draft);
  await write(`.other.json.lock.${suffix}`, dead);
  await write(`.old.json.${suffix}.tmp`, draft);
  await write('dead.json', '{}');
  expect(await sweptBy(directory)).toEqual(['dead.json']);
});

test('nothing goes that belongs to the living, to nobody we know, or is no file of ours', async () => {
  const directory = await temporaryDirectory();
  const target = await temporaryDirectory();
  await writeFile(join(target, 'lock'), dead);
  const files: Record<string, string> = {
    '.alive.json.lock': JSON.stringify(currentOwner()),
    [`.alive.json.${suffix}.tmp`]: draft,
    [`.notes.json.${suffix}.tmp`]: '{"half',
    '.yarn.lock': '',
    '.far.json.lock': JSON.stringify({ ...currentOwner(), host: 'other', pidStart: '1' }),
    [`.far.json.${suffix}.tmp`]: draft,
    [`notes.${suffix}.tmp`]: 'mine',
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(directory, name), text);
    // Older than any boot.
    await utimes(join(directory, name), 1, 1);
  }
  await symlink(join(target, 'lock'), join(directory, '.link.json.lock'));
  await mkdir(join(directory, `.folder.json.${suffix}.tmp`));
  const before = (await readdir(directory)).sort();
  expect(await sweptBy(directory)).toEqual(before);
  expect(await readdir(target)).toEqual(['lock']);
});

test('nobody waits for it: taking a place looks at no other file, and giving it back ends the look', async () => {
  const directory = await temporaryDirectory();
  const names = Array.from({ length: 1300 }, (_, index) => `.${index}.json.lock`);
  await Promise.all(names.map((name) => writeFile(join(directory, name), dead)));
  const place = await ReceiptPlace.reserve(join(directory, 'new.json'));
  expect(await readdir(directory)).toHaveLength(names.length + 1);
  const sweep = new Sweep(place.path);
  sweep.begin();
  await sweep.end();
  await place.release();
  const left = await readdir(directory);
  expect(left.length).toBeGreaterThan(100);
  expect(left.length).toBeLessThan(names.length);
});
