import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { currentOwner } from '../../src/engine/owner.ts';
import { ReceiptPlace } from '../../src/receipt/write-receipt.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const suffix = '0123456789ab';

async function sweptBy(directory: string): Promise<string[]> {
  const place = await ReceiptPlace.reserve(join(directory, 'new.json'));
  await place.release();
  return (await readdir(directory)).sort();
}

test('what a killed process left beside its receipts goes with the next one', async () => {
  const directory = await temporaryDirectory();
  const write = (name: string, text: string) => writeFile(join(directory, name), text);
  const dead = JSON.stringify({ ...currentOwner(), pidStart: '1' });
  await write('.dead.json.lock', dead);
  await write(`.dead.json.${suffix}.tmp`, '{"half');
  await write(`.other.json.lock.${suffix}`, dead);
  await write(`.old.json.${suffix}.tmp`, '{"half');
  await utimes(join(directory, `.old.json.${suffix}.tmp`), 1, 1);
  await write('dead.json', '{}');
  expect(await sweptBy(directory)).toEqual(['dead.json']);
});

test('nothing goes that belongs to the living, to nobody we know, or is no file of ours', async () => {
  const directory = await temporaryDirectory();
  const target = await temporaryDirectory();
  const dead = JSON.stringify({ ...currentOwner(), pidStart: '1' });
  await writeFile(join(target, 'lock'), dead);
  const files: Record<string, string> = {
    '.alive.json.lock': JSON.stringify(currentOwner()),
    [`.alive.json.${suffix}.tmp`]: '{"half',
    [`.fresh.json.${suffix}.tmp`]: '{"half',
    '.far.json.lock': JSON.stringify({ ...currentOwner(), host: 'other', pidStart: '1' }),
    [`.far.json.${suffix}.tmp`]: '{"half',
    [`notes.${suffix}.tmp`]: 'mine',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  await symlink(join(target, 'lock'), join(directory, '.link.json.lock'));
  await mkdir(join(directory, `.folder.json.${suffix}.tmp`));
  const before = (await readdir(directory)).sort();
  expect(await sweptBy(directory)).toEqual(before);
  expect(await readdir(target)).toEqual(['lock']);
});
