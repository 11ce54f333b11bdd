import { readdir } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readArgs, readMixedArgs } from '../../src/cli/read-argv.ts';
import { runFlags } from '../../src/commands/flags.ts';
import { taskRequest } from '../../src/commands/task-request.ts';
import { requestOf } from '../../src/spec/task-input.ts';
import { formOf, taskInputKeys } from '../../src/spec/task-keys.ts';
import { settingNames, settingOf } from '../../src/spec/settings.ts';
import { meanJson, meanText, meanWord, near } from './support/mean.ts';
import { argv } from './support/near-argv.ts';
import { nearSetting, validCollections } from './support/near-settings.ts';
import { always, expectClear, expectWholeSpec, soundResult } from './support/properties.ts';
import { Surroundings } from './support/surroundings.ts';

const codes = ['invalid-settings', 'profile-unreadable'] as const;

test('Words of a command line are options, problems or the command, and nothing of it is lost', async () => {
  await always(1_500, argv, (words) => {
    const { values, rest, problems } = readArgs(words, runFlags);
    problems.forEach(expectClear);
    expect(words.slice(words.length - rest.length)).toEqual(rest);
    const known = runFlags.map(({ name }) => name);
    expect(known).toEqual(expect.arrayContaining(Object.keys(values)));
    readMixedArgs(words, runFlags).problems.forEach(expectClear);
  });
});

test('What stands behind "--" is the command, whatever it looks like', async () => {
  await always(300, fc.array(fc.oneof(meanWord, near(['--memory', '-m', '--']))), (command) => {
    const { rest, problems } = readArgs(['--memory=1g', '-q', '--', ...command], runFlags);
    expect({ rest, problems }).toEqual({ rest: command, problems: [] });
  });
});

test('A command line is a whole task or a list of problems, and leaves nothing behind', async () => {
  const around = await aroundWithFiles();
  await always(600, argv, async (words) => {
    const request = taskRequest(readArgs(words, runFlags));
    const spec = await soundResult(codes, () => around.resolve(request));
    if (spec) expectWholeSpec(spec);
  });
  await expectUntouched(around);
});

test('Variables make a whole task or problems that name them', async () => {
  const around = await aroundWithFiles();
  const rows = settingNames.flatMap((name) =>
    settingOf(name).environment.map((variable) => [variable, nearSetting(name)] as const),
  );
  const env = fc.record(Object.fromEntries(rows), { requiredKeys: [] });
  await always(250, env, async (variables) => {
    const spec = await soundResult(codes, () => around.resolve({}, { env: variables }));
    if (spec) expectWholeSpec(spec);
  });
  await expectUntouched(around);
});

test('What a program gives is a whole task or a list of problems', async () => {
  const around = await aroundWithFiles();
  const values = taskInputKeys.map((key) => [key, fc.oneof(likely(key), meanJson)] as const);
  const input = fc.record(Object.fromEntries(values), { requiredKeys: [] });
  await always(
    400,
    fc.tuple(input, fc.dictionary(meanText, meanJson, { maxKeys: 1 })),
    async (parts) => {
      const request = requestOf(Object.assign({}, ...parts));
      request.problems.forEach(({ message }) => expect(message).not.toBe(''));
      const spec = await soundResult(codes, () => around.resolve(request, { ambient: false }));
      if (spec) expectWholeSpec(spec);
    },
  );
  await expectUntouched(around);
});

function likely(key: (typeof taskInputKeys)[number]): fc.Arbitrary<unknown> {
  switch (formOf(key)) {
    case 'setting':
      return nearSetting(key as (typeof settingNames)[number], meanText);
    case 'text':
      return meanText;
    case 'list':
      return fc.array(near(textsOf(key), meanText), { maxLength: 3 });
    case 'record':
      return fc.dictionary(near(['A', 'team'], meanText), meanText, { maxKeys: 3 });
    case 'switch':
      return fc.constantFrom(true, false, 'true', 'false');
  }
}

function textsOf(key: string): readonly string[] {
  const texts: Readonly<Record<string, readonly string[]>> = validCollections;
  return texts[key] ?? ['true', 'npm'];
}

async function aroundWithFiles(): Promise<Surroundings> {
  const around = await Surroundings.create();
  await around.writeUserConfig({ labels: { team: 'a' } });
  return around;
}

/** Nothing but what was there before. */
async function expectUntouched({ root }: Surroundings): Promise<void> {
  const found = await readdir(root, { recursive: true });
  const config = 'home/.config/sandbox/sandbox.config.json';
  const parents = ['home', 'home/.config', 'home/.config/sandbox'];
  expect(found.sort()).toEqual(['app', ...parents, config]);
}
