import { describe, expect, test } from 'vitest';
import { formatBytes, parseBytes } from '../../src/spec/bytes.ts';

const mebibyte = 1024 ** 2;

describe('parseBytes', () => {
  test.each([
    ['0', 0],
    ['123', 123],
    ['10b', 10],
    ['64k', 65_536],
    ['512m', 512 * mebibyte],
    ['512M', 512 * mebibyte],
    ['512mb', 512 * mebibyte],
    ['512MiB', 512 * mebibyte],
    ['512 m', 512 * mebibyte],
    ['1.5g', 1536 * mebibyte],
    ['2t', 2 * 1024 ** 4],
    ['0.1k', 102],
  ])('"%s" is %i bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test.each(
    ['', '12x', '-1', '+1', '1e3', ' 1m', '1m ', 'm', '1.m', '1,5g', '0x10', '1mm', '1  m']
      .concat(['NaN', 'Infinity'])
      .map((text) => ({ text })),
  )('$text is no size', ({ text }) => {
    const message = `expected a size such as 512m or 2g, got ${JSON.stringify(text)}`;
    expect(() => parseBytes(text)).toThrow(message);
  });

  test('The largest size that can be counted exactly is read', () => {
    expect(parseBytes('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
  });

  test.each(['9007199254740992', '8192t', '9'.repeat(400)])(
    'A size that cannot be counted exactly is refused: %s',
    (text) => {
      expect(() => parseBytes(text)).toThrow('expected a size');
    },
  );
});

describe('formatBytes', () => {
  test.each([
    [0, '0'],
    [1_000, '1000'],
    [1_024, '1k'],
    [512 * mebibyte, '512m'],
    [1536 * mebibyte, '1536m'],
    [2 * 1024 ** 3, '2g'],
  ])('%i bytes are shown as %s, and read back as the same', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
    expect(parseBytes(text)).toBe(bytes);
  });
});
