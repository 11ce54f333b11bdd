import { expect, test } from 'vitest';
import { holdsMore } from '../../src/spec/json-size.ts';

test.each([
  ['lists in lists', '['.repeat(101), true],
  ['lists side by side', `[${'[],'.repeat(60)}[]]`, true],
  ['objects', `[${'{},'.repeat(60)}{}]`, true],
  ['numbers', `[${'1,'.repeat(101)}1]`, true],
  ['fewer of them', `[${'1,'.repeat(50)}1]${' '.repeat(100)}`, false],
  ['text of such characters', `{"a":"${'[,\\"{\\\\'.repeat(100)}"}`, false],
  ['values behind text', `{"a":"\\\\","b":[${'1,'.repeat(101)}1]}`, true],
])('of %s no more than 100 values are taken', (_, text, more) => {
  expect(holdsMore(Buffer.from(text), 100)).toBe(more);
});
