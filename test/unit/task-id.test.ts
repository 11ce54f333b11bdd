import { describe, expect, test } from 'vitest';
import { createTaskId, parseTaskId, taskIdPattern } from '../../src/spec/task-id.ts';

describe('createTaskId', () => {
  test('An id that was made is one that may be asked for', () => {
    expect(createTaskId()).toMatch(taskIdPattern);
  });

  test('Ids sort by the time they were made, from now until the year 5000', () => {
    const times = [
      '2024-01-01',
      '2025-06-01',
      '2025-06-02',
      '2059-05-25',
      '2400-01-01',
      '5000-01-01',
    ];
    const ids = times.map((time) => createTaskId(Date.parse(time)));
    expect([...ids].sort()).toEqual(ids);
  });

  test('Ten thousand ids differ, though ten each were made in the same millisecond', () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => createTaskId(Math.floor(index / 10)));
    expect(new Set(ids).size).toBe(10_000);
  });
});

describe('parseTaskId', () => {
  test.each(['a', '007', 'build-12_x.y', 'A'.repeat(63)])('"%s" may be an id', (text) => {
    expect(parseTaskId(text)).toBe(text);
  });

  test.each(['', '-a', '.a', '_a', 'a/b', 'a b', '../a', 'ä', 'a\n', 'A'.repeat(64)])(
    'As an id "%s" is refused',
    (text) => {
      expect(() => parseTaskId(text)).toThrow('expected an id of 1 to 63 letters');
    },
  );
});
