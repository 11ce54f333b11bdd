import { describe, expect, it } from 'vitest';
import { chooseId } from '../../src/spec/choose-id.ts';

const ids = ['0m3k9x-7f2a', '0m3k9x-8b11', 'nightly', 'nightly-2'];
const words = {
  place: 'a task on this engine',
  none: 'No task is running on this engine.',
  code: 'task-not-found',
} as const;
const choose = (typed: string) => chooseId(typed, { ids, ...words });

describe('an id that is typed', () => {
  it('is taken whole, also where another one begins with it', () => {
    expect(choose('nightly')).toBe('nightly');
  });

  it('may be abbreviated while only one begins so', () => {
    expect(choose('0m3k9x-7')).toBe('0m3k9x-7f2a');
  });

  it('is refused where several begin so, and they are named', () => {
    expect(() => choose('0m3k')).toThrow(
      expect.objectContaining({ hint: 'Several begin so: 0m3k9x-7f2a, 0m3k9x-8b11' }),
    );
  });

  it.each([
    ['nightlx', 'Did you mean: nightly'],
    ['zzzzzzzzz', 'There are: 0m3k9x-7f2a, 0m3k9x-8b11, nightly, nightly-2'],
    ['', 'There are: 0m3k9x-7f2a, 0m3k9x-8b11, nightly, nightly-2'],
  ])('is refused where none does: %j', (typed, hint) => {
    expect(() => choose(typed)).toThrow(
      expect.objectContaining({
        message: `expected the id of a task on this engine, or how only one of them begins, got "${typed}"`,
        hint,
      }),
    );
  });

  it('is refused with the five that are nearest, the likely ones first', () => {
    const all = [
      'aaaaaaaa1',
      'qq',
      'aaaaaaaa2',
      'zzzzzz-one',
      'zzzzzz-two',
      'zzzzzz-x',
      'running-1',
    ];
    expect(() =>
      chooseId('zzzzzz', { ids: ['other', ...all], ...words, likely: all.slice(-1) }),
    ).toThrow(
      expect.objectContaining({ hint: 'Several begin so: zzzzzz-one, zzzzzz-two, zzzzzz-x' }),
    );
    expect(() => chooseId('zzzz?????', { ids: all, ...words, likely: all.slice(-1) })).toThrow(
      expect.objectContaining({
        hint: 'There are: running-1, aaaaaaaa1, zzzzzz-one, zzzzzz-two, zzzzzz-x and 2 more',
      }),
    );
  });

  it('is refused in an empty place', () => {
    expect(() => chooseId('x', { ids: [], ...words })).toThrow(
      expect.objectContaining({
        code: 'task-not-found',
        hint: 'No task is running on this engine.',
      }),
    );
  });
});
