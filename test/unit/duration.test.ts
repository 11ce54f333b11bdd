import { describe, expect, test } from 'vitest';
import { formatDuration, parseDurationMs } from '../../src/spec/duration.ts';

describe('parseDurationMs', () => {
  test.each([
    ['90', 90_000],
    ['250ms', 250],
    ['30s', 30_000],
    ['2m', 120_000],
    ['1.5h', 5_400_000],
    ['1d', 86_400_000],
    ['.5s', 500],
    ['.5', 500],
    ['0', 0],
    ['0s', 0],
    ['0.0h', 0],
    ['007', 7_000],
  ])('"%s" is %i ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  test.each(['0.0001ms', '0.0000001s'])('"%s" is rounded up, since 0 would mean none', (text) => {
    expect(parseDurationMs(text)).toBe(1);
  });

  test('A duration beyond what setTimeout can hold is read as it is', () => {
    expect(parseDurationMs('365d')).toBe(31_536_000_000);
  });

  test.each(['9007199254740992', '99999999999d', '9'.repeat(400)])(
    'A duration that cannot be counted exactly in ms is refused: %s',
    (text) => {
      expect(() => parseDurationMs(text)).toThrow('expected a duration');
    },
  );

  test.each(
    ['', 'soon', '1e3', ' 1s', '1s ', '1 s', '-1', '-1s', '+1', '1m30s', '5.', '.', '1,5', '0x10']
      .concat(['1S', 's', 'Infinity', 'NaN', '1s\n', '١'])
      .map((text) => ({ text })),
  )('$text is no duration', ({ text }) => {
    const message = `expected a duration such as 90, 30s, 2m or 1.5h (0 for none), got ${JSON.stringify(text)}`;
    expect(() => parseDurationMs(text)).toThrow(message);
  });
});

describe('formatDuration', () => {
  test.each([
    [250, '250ms'],
    [2_000, '2s'],
    [1_500, '1.5s'],
    [90_000, '90s'],
    [120_000, '2m'],
    [5_400_000, '90m'],
    [7_200_000, '2h'],
    [86_400_000, '1d'],
  ])('%i ms is shown as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test.each([0, 1, 999, 1_000, 1_001, 59_999, 60_000, 61_000, 3_600_000, 31_536_000_000])(
    'What is shown for %i ms is read back as the same',
    (ms) => {
      expect(parseDurationMs(formatDuration(ms))).toBe(ms);
    },
  );
});
