import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { readRowReceipt } from '../../src/receipt/read-receipt.ts';
import { receiptSchema } from '../../src/receipt/receipt.ts';
import { composeReceipt } from '../../src/receipt/compose-receipt.ts';
import { parseConfigFile } from '../../src/spec/config-file.ts';
import { parseJsonText } from '../../src/spec/json-text.ts';
import { parseProfileFile } from '../../src/spec/profile/profile-file.ts';
import { settingNames } from '../../src/spec/settings.ts';
import { meanJson, meanText, near } from './support/mean.ts';
import { nearSetting, validCollections } from './support/near-settings.ts';
import { always, expectWholeSpec, soundResult } from './support/properties.ts';
import { Surroundings } from './support/surroundings.ts';
import { taskRecord } from './support/task-record.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const texts = (valid: readonly string[]) => fc.array(near(valid, meanText), { maxLength: 3 });
const record = fc.dictionary(near(['A', 'team'], meanText), meanText, { maxKeys: 3 });

/** The text of a file that holds this, spoiled here and there. */
function spoiled(value: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const written = fc.oneof(value, value, meanJson).map((json) => JSON.stringify(json));
  const slips = fc.oneof(
    fc.constant(null),
    near(['\ufeff', '\r\n', '{}', '"a":1,', '//'], meanText),
  );
  return fc
    .tuple(written, slips, fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([text, slip, where]) => {
      const at = Math.floor(where * text.length);
      return slip === null ? text : text.slice(0, at) + slip + text.slice(at);
    });
}

const config = fc.record(
  {
    ...Object.fromEntries(
      settingNames.map((name) => [
        name,
        fc.oneof(nearSetting(name, meanText), fc.integer(), fc.boolean()),
      ]),
    ),
    env: record,
    labels: record,
    buildArgs: record,
    mounts: texts(validCollections.mounts),
    tmpfs: texts(validCollections.tmpfs),
  },
  { requiredKeys: [] },
);

test('A config file is settings or one clear refusal', async () => {
  await always(800, spoiled(config), async (text) => {
    const read = (content: string) => parseConfigFile('/x.json', Buffer.from(content));
    const file = await soundResult(['config-unreadable'], () => read(text));
    if (file) expect(read(`${text}\r\n`)).toEqual(file);
  });
});

test("With any config files a task is whole or not at all, and a project's never widens it", async () => {
  const around = await Surroundings.create();
  const codes = ['config-unreadable', 'invalid-settings', 'profile-unreadable'] as const;
  await mkdir(join(around.home, '.config/sandbox'), { recursive: true });
  const few = fc.subarray([
    'env',
    'labels',
    'mounts',
    'memory',
    'network',
    'timeout',
    'id',
    'workdir',
  ]);
  const some = fc
    .tuple(config, few)
    .map(([all, keys]) =>
      Object.fromEntries(Object.entries(all).filter(([key]) => keys.includes(key as never))),
    );
  await always(
    250,
    fc.tuple(spoiled(some), fc.oneof(fc.constant('{}'), spoiled(some))),
    async ([user, project]) => {
      await writeFile(join(around.home, '.config/sandbox/sandbox.config.json'), user);
      await writeFile(join(around.workspace, 'sandbox.config.json'), project);
      const spec = await soundResult(codes, () => around.resolve());
      if (!spec) return;
      expectWholeSpec(spec);
      await writeFile(join(around.workspace, 'sandbox.config.json'), '{}');
      const alone = await around.resolve();
      expect(spec.limits.memoryBytes).toBeLessThanOrEqual(alone.limits.memoryBytes);
      expect(spec.mounts).toEqual(alone.mounts);
    },
  );
});

const profile = fc.record(
  {
    name: near(['mine'], meanText),
    description: fc.oneof(fc.constant('x'), meanText),
    image: near(['debian'], meanText),
    extends: near(['base'], meanText),
    packages: texts(['git', 'a=1']),
    environment: record,
    files: fc.array(fc.record({ path: near(['/etc/x'], meanText), content: meanText })),
    setup_tasks: fc.array(
      fc.record({ type: fc.constant('exec'), command: meanText, description: meanText }),
    ),
    resources: fc.record(
      { memory: nearSetting('memory', meanText), pids: fc.integer() },
      { requiredKeys: [] },
    ),
    shell: near(['/bin/sh'], meanText),
    network: nearSetting('network', meanText),
  },
  { requiredKeys: ['name', 'description'] },
);

test('A profile is one that can be used, or every mistake in it is told', async () => {
  await always(1_000, spoiled(profile), async (text) => {
    const file = await soundResult(['profile-unreadable'], () =>
      parseProfileFile('/p/mine.json', Buffer.from(text)),
    );
    if (file) expect(file.name).toBe('mine');
  });
});

test('JSON is read as JSON.parse reads it, or refused with a place', async () => {
  await always(1_000, spoiled(meanJson), (text) => {
    const bytes = Buffer.from(text);
    const plain = valueOrNull(() => JSON.parse(bytes.toString().replace(/^\ufeff/, '')) as unknown);
    const ours = valueOrNull(() => parseJsonText(bytes).value);
    expect(ours).toEqual(plain);
  });
});

test('A receipt that was spoiled is none, and one that was not comes back as it was', async () => {
  const path = join(await temporaryDirectory(), 'r.json');
  const whole = composeReceipt(taskRecord());
  const row = { receipt: path, id: whole.id } as Parameters<typeof readRowReceipt>[0];
  await always(300, spoiled(fc.constant(whole)), async (text) => {
    await writeFile(path, text);
    const found = await readRowReceipt(row);
    if (found) expect(v.parse(receiptSchema, found)).toEqual(whole);
    else expect(text).not.toBe(JSON.stringify(whole));
  });
});

function valueOrNull(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    expect((error as Error).message).toMatch(/./);
    expect(error).not.toBeInstanceOf(RangeError);
    return null;
  }
}
