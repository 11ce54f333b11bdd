import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { toolLabels } from '../../src/engine/docker/labels.ts';
import { wantedNetwork } from '../../src/engine/docker/network-plan.ts';
import { whyStale } from '../../src/engine/docker/stale-networks.ts';
import { currentOwner, isDead } from '../../src/engine/owner.ts';
import { leftoversBeside } from '../../src/run/leftovers-beside.ts';
import { leftoversText } from '../../src/report/leftovers.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const living = JSON.stringify(currentOwner());
const dead = JSON.stringify({ ...currentOwner(), pidStart: '1' });
const draft = '{\n  "schema": "sandbox-run/receipt/v1",\n  "id": "x"';
const suffix = '0123456789ab';

async function directoryWith(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await temporaryDirectory();
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(directory, name), text);
    // Older than any boot.
    await utimes(join(directory, name), 1, 1);
  }
  return directory;
}

describe('in a directory of receipts', () => {
  test('what killed runs left is found and removed', async () => {
    const directory = await directoryWith({
      '.killed.json.lock': dead,
      [`.killed.json.lock.${suffix}`]: dead,
      '.killed.json.lock.takeover': dead,
      [`.killed.json.${suffix}.tmp`]: draft,
      [`.full.json.${suffix}.tmp`]: '',
    });
    const found = await leftoversBeside(directory);
    expect(found).toHaveLength(5);
    await Promise.all(found.map(({ remove }) => remove()));
    expect(await readdir(directory)).toEqual([]);
  });

  test('nothing of a living run and nothing of others is', async () => {
    const directory = await directoryWith({
      'killed.json': draft,
      '.living.json.lock': living,
      [`.living.json.${suffix}.tmp`]: draft,
      '.yarn.lock': '',
      '.other.lock': '{"pid": 1}',
      [`.other.${suffix}.tmp`]: 'the draft of another program',
      [`.living.json.lock.${suffix}`]: living,
    });
    await mkdir(join(directory, '.directory.lock'));
    expect(await leftoversBeside(directory)).toEqual([]);
  });
});

describe('a network of ours', () => {
  const wanted = { ...wantedNetwork('egress'), Created: '2025', Id: 'a' };
  const network = (changes: object) =>
    ({ ...wanted, Labels: toolLabels(), ...changes }) as unknown as Parameters<typeof whyStale>[0];

  test('is kept where it is the one that the next task is given', () => {
    expect(whyStale(network({}), [network({}), network({ Id: 'b' })])).toBeNull();
  });

  test.each([
    ['a second one of the same name', { Id: 'b' }],
    ['one that an older version made otherwise', { Options: {} }],
    ['one that no version of today makes', { Name: 'sandbox-isolated' }],
  ])('is stale where it is %s', (_, changes) => {
    expect(whyStale(network(changes), [network({}), network(changes)])).not.toBeNull();
  });
});

describe('the owner of another user', () => {
  const observer = { ...currentOwner(), uid: 1000 };
  const other = { ...observer, pidStart: '1', uid: 1001 };

  test('is not called dead by who may not be shown its process, but by root', () => {
    expect(isDead(other, observer)).toBe(false);
    expect(isDead(other, { ...observer, uid: 0 })).toBe(true);
    expect(isDead({ ...other, uid: 1000 }, observer)).toBe(true);
  });

  test('is dead after a reboot, and where it did not write down whose it was', () => {
    expect(isDead({ ...other, bootId: 'earlier' }, observer)).toBe(true);
    expect(isDead({ ...other, uid: null }, observer)).toBe(true);
  });
});

describe('what gc prints', () => {
  const row = { kind: 'file', name: '/x', reason: 'its sandbox is dead', error: null } as const;

  test.each([
    [false, [{ ...row, removed: true }], 'removed file /x (its sandbox is dead)\nremoved: 1\n'],
    [
      true,
      [{ ...row, removed: false }],
      'would remove file /x (its sandbox is dead)\nto be removed: 1\n',
    ],
    [false, [], 'nothing is left behind\n'],
    [
      false,
      [{ ...row, removed: false, error: 'no' }],
      'could not remove file /x (its sandbox is dead): no\nremoved: 0, not removed: 1\n',
    ],
  ])('with dry run %s', (isDryRun, rows, text) => {
    expect(leftoversText(rows, { isDryRun })).toBe(text);
  });
});
