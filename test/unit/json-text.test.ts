import { describe, expect, test } from 'vitest';
import { messageOf } from '../../src/failure.ts';
import { parseJsonText } from '../../src/spec/json-text.ts';

function errorOf(content: string | Buffer): string {
  try {
    parseJsonText(Buffer.from(content));
  } catch (error) {
    return messageOf(error);
  }
  throw new Error('expected an error');
}

const isJson = (text: string) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

test.each([
  '{"a": [1, -2.5e+3, {}], "b": {"c": [], "d": null}, "": "\\u00e9\\"\\n"}',
  ' [true,false , null]\r\n\t',
  '"x"',
  '0',
  '\uFEFF{"a":1}',
  `"${'x'.repeat(2 ** 20)}"`,
  '['.repeat(1_000) + ']'.repeat(1_000),
])('%.40j is read as JSON.parse does', (text) => {
  const { value, repeated } = parseJsonText(Buffer.from(text));
  expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(text.replace(/^\uFEFF/, ''))));
  expect(repeated).toEqual([]);
});

test.each([
  ['', 'line 1, column 1: expected a value, got the end'],
  ['{\n  "a": 1,\n}', 'line 3, column 1: expected a key in double quotes, got "}" after a comma'],
  ['[1,]', 'line 1, column 4: expected a value, got "]"'],
  ['{"a" 1}', 'line 1, column 6: expected ":" after the key, got "1"'],
  ['{"a": 1 "b": 2}', 'line 1, column 9: expected "," or "}", got "\\"b\\""'],
  ['[1 2]', 'line 1, column 4: expected "," or "]", got "2"'],
  ['[}', 'line 1, column 2: expected a value or "]", got "}"'],
  ['{]', 'line 1, column 2: expected a key in double quotes or "}", got "]"'],
  ['{1: 2}', 'line 1, column 2: expected a key in double quotes or "}", got "1"'],
  ["{'a': 1}", 'line 1, column 2: expected a key in double quotes or "}", got "\'a\'"'],
  ['{"a": 1', 'line 1, column 8: expected "," or "}", got the end'],
  ['{} // x', 'line 1, column 4: expected nothing more, got "//"'],
  ['{"a": "b\n"}', 'line 1, column 7: expected a value, got "\\"b"'],
  ['"\\q"', 'line 1, column 1: expected a value, got "\\"\\\\q\\""'],
  ['01', 'line 1, column 1: expected a value, got "01"'],
  ['truex', 'line 1, column 1: expected a value, got "truex"'],
])('%j is not JSON: %s', (text, message) => {
  expect(isJson(text)).toBe(false);
  expect(errorOf(text)).toBe(message);
});

test('What is not UTF-8 is no JSON, and the line is said', () => {
  const bytes = Buffer.concat([Buffer.from('{\n"é": "'), Buffer.from([0xff]), Buffer.from('"}')]);
  expect(errorOf(bytes)).toBe('line 2: expected UTF-8, got other bytes');
});

describe('a key that is there twice', () => {
  test('is told with where, however it is written', () => {
    const text = '{"a": 1, "b": {"a": 1},\n "\\u0061": 2, "l": [{"x": 1}, {"x": 1, "x": 2}]}';
    expect(parseJsonText(Buffer.from(text)).repeated).toEqual([
      'line 2, column 2: the key "a" is there twice',
      'line 2, column 40: the key "x" is there twice',
    ]);
  });
});
