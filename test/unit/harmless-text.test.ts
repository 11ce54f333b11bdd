import { describe, expect, test } from 'vitest';
import { HarmlessText } from '../../src/report/harmless-text.ts';

function shown(...chunks: (string | Buffer)[]): string {
  const text = new HarmlessText();
  return [...chunks.map((chunk) => text.write(Buffer.from(chunk))), text.end()].join('');
}

describe('what a task printed, on a terminal', () => {
  test.each([
    ['keeps its lines and tabs', 'a\tb\nc\n', 'a\tb\nc\n'],
    ['cannot move the cursor', 'a\u001b[2Jb\u0008\n', 'a\\x1b[2Jb\\x08\n'],
    ['cannot set the title', '\u001b]0;x\u0007', '\\x1b]0;x\\x07'],
    ['cannot use the eight-bit controls', '\u009b31m', '\\x9b31m'],
    ['cannot turn the order of a line', 'a\u202eb', 'a\\u202eb'],
    ['cannot write over a line', 'secret\rpublic\r\nnext', 'secret\npublic\nnext'],
  ])('%s', (_, text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  test('is the same wherever it is cut', () => {
    const bytes = Buffer.from('ä\r\n€\u001b[m\r\nx\r');
    const parts = Array.from(bytes, (byte) => Buffer.from([byte]));
    expect(shown(...parts)).toBe('ä\n€\\x1b[m\nx\n');
  });
});
