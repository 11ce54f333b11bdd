import { expect, test } from 'vitest';
import { settingNames, settingOf } from '../../src/spec/settings.ts';
import { variableSlips } from '../../src/spec/variable-slips.ts';

test.each([
  ['SANDBOX_MEMROY', 'SANDBOX_MEMORY'],
  ['SANDBOX_MEMORY_LIMIT', 'SANDBOX_MEMORY'],
  ['SANDBOX_CPU', 'SANDBOX_CPUS'],
  ['SANDBOX_TIME_OUT', 'SANDBOX_TIMEOUT'],
  ['SANDBOX_RECEIPTS_DIR', 'SANDBOX_RECEIPT_DIR'],
  ['SANDBOX_ISOLATON', 'SANDBOX_ISOLATION'],
])('%s is taken for a slip', (name, nearest) => {
  expect(variableSlips({ [name]: 'x', SANDBOX_IMAGE: 'x' })).toEqual([
    `${name} is not read, did you mean ${nearest}?`,
  ]);
});

test('nothing is said of our own, of the tests’, and of what is like none of ours', () => {
  const ours = settingNames.flatMap((name) => settingOf(name).environment);
  const others = ['URL', 'KEY', 'ID', 'API_KEY', 'TOKEN', 'HOME', 'TASK', 'CANARY', ''];
  const names = [
    ...ours,
    ...others.map((name) => `SANDBOX_${name}`),
    ...['SANDBOX_DEBUG', 'SANDBOX_TEST_PROFILE', 'MY_SANDBOX_MEMROY'],
  ];
  expect(variableSlips(Object.fromEntries(names.map((name) => [name, 'x'])))).toEqual([]);
});
