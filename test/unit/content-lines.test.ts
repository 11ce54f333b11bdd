import { expect, test } from 'vitest';
import { contentLines } from '../../src/report/content-lines.ts';

test.each<[string, string | Buffer, string[]]>([
  ['lines', 'a\n\n b\n', ['a', '', ' b']],
  ['a last line without an end', 'a\nb', ['a', 'b']],
  ['nothing', '', ['']],
  ['what is no text', Buffer.from([0xff, 0x0a]), ['(no text)']],
  ['a NUL', 'a\0b', ['(no text)']],
])('shows %s', (_, content, expected) => {
  expect(contentLines(Buffer.from(content))).toEqual(expected);
});

test('says what it leaves out', () => {
  const many = contentLines(Buffer.from('x\n'.repeat(1000)));
  expect(many).toHaveLength(201);
  expect(many.at(-1)).toBe('(800 more lines are not shown)');
  const [long] = contentLines(Buffer.from('x'.repeat(600)));
  expect(long).toBe(`${'x'.repeat(500)} (100 more characters are not shown)`);
});
