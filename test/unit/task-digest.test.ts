import { expect, test } from 'vitest';
import { taskDigest } from '../../src/spec/task-digest.ts';
import { type TaskSpec, taskSpecSchema } from '../../src/spec/task-spec.ts';
import { taskSpec } from './support/task-spec.ts';

const keys = Object.keys(taskSpecSchema.entries) as (keyof TaskSpec)[];
const leftOut = ['id', 'stdin', 'host', 'context', 'receiptPath', 'outputLimitBytes'];

/** Another value than the one that is there, of whatever kind. */
function changed(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return `${value}x`;
  if (Array.isArray(value)) return [...(value as unknown[]), 'x'];
  return typeof value === 'object' && value !== null ? { ...value, x: 'x' } : 'x';
}

test('Every field that says what is run and how counts, and no other', () => {
  const spec = taskSpec();
  const same = keys.filter((key) => {
    const other = { ...spec, [key]: changed(spec[key]) };
    return taskDigest(other) === taskDigest(spec);
  });
  expect(same.sort()).toEqual(leftOut.sort());
});

test('What is deep in it counts, too', () => {
  const spec = taskSpec();
  const other = taskSpec({ limits: { ...spec.limits, cpus: 2 } });
  expect(taskDigest(other)).not.toBe(taskDigest(spec));
});

test('The order of keys does not count, that of words does', () => {
  const spec = taskSpec({ environment: { A: '1', B: '2' }, command: ['a', 'b'] });
  const turned = Object.fromEntries(Object.entries(spec).reverse()) as TaskSpec;
  expect(taskDigest({ ...turned, environment: { B: '2', A: '1' } })).toBe(taskDigest(spec));
  expect(taskDigest({ ...spec, command: ['b', 'a'] })).not.toBe(taskDigest(spec));
});

test('It is the same in every version: receipts of an earlier one are looked up by it', () => {
  expect(taskDigest(taskSpec())).toMatchInlineSnapshot(
    `"a89c17f0aa625e8395d08fcbb1093620754d979473fb15818af01c9eb8846b9e"`,
  );
});
