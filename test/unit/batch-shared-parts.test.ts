import { expect, test } from 'vitest';
import { batchOf } from './support/batch-file.ts';

test('What tasks have in common is held once, and what one of them has for itself is its own', async () => {
  const lines = [
    { id: 'a', line: 'x', env: { A: '1' } },
    { id: 'b', line: 'x', env: { A: '1' }, memory: '64m' },
    { id: 'c', line: 'y', env: { A: '2' }, memory: '64m' },
  ];
  const { tasks } = await batchOf(lines.map((line) => JSON.stringify(line)).join('\n'));
  const [a, b, c] = tasks.map(({ spec }) => spec);
  expect(b?.environment).toBe(a?.environment);
  expect(b?.command).toBe(a?.command);
  expect(c?.limits).toBe(b?.limits);
  expect(c?.mounts).toBe(a?.mounts);
  expect([a, b, c].map((spec) => [spec?.id, spec?.environment.A])).toEqual([
    ['a', '1'],
    ['b', '1'],
    ['c', '2'],
  ]);
  expect([a?.limits.memoryBytes, b?.limits.memoryBytes]).toEqual([512 * 1024 ** 2, 64 * 1024 ** 2]);
  expect([a, b, c].every((spec) => Object.isFrozen(spec))).toBe(true);
});
