import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { Redactor } from '../../src/outcome/redactor.ts';

const value = 'pa$$w0rd/+&"é<x>';
const redactor = new Redactor([{ name: 'KEY', value: Buffer.from(value) }]);

function inPieces(text: string | Buffer, size: number, from = redactor) {
  const bytes = Buffer.from(text);
  const stream = from.stream();
  const parts: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += size) {
    parts.push(stream.write(bytes.subarray(start, start + size)));
  }
  parts.push(stream.end());
  return { text: Buffer.concat(parts).toString(), count: stream.count };
}

describe('a secret is replaced', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  test.each([
    ['as it is', value],
    ['in hex', Buffer.from(value).toString('hex')],
    ['in base64', base64(value)],
    ['in base64 with a newline behind it, as `base64 < file` gives', base64(`${value}\n`)],
    ['in base64 for URLs', Buffer.from(value).toString('base64url')],
    ['URL-escaped', encodeURIComponent(value)],
    [
      'URL-escaped in lower case',
      encodeURIComponent(value).replace(/%../g, (c) => c.toLowerCase()),
    ],
    ['URL-escaped as a form', new URLSearchParams({ k: value }).toString().slice(2)],
    ['JSON-escaped', JSON.stringify(value).slice(1, -1)],
    ['JSON-escaped in ASCII', JSON.stringify(value).slice(1, -1).replace('é', '\\u00e9')],
    ['JSON-escaped as Go does', String.raw`pa$$w0rd/+\u0026\"é\u003cx\u003e`],
    ['JSON-escaped as PHP does', JSON.stringify(value).slice(1, -1).replace('/', '\\/')],
  ])('%s', (_, form) => {
    expect(redactor.text(`before ${form} after`)).toBe('before [secret:KEY] after');
  });

  test.each([
    [76, '\n', 0],
    [76, '\r\n', 1],
    [64, '\n', 15],
    [60, '\n', 47],
    [4, '\n', 2],
    [1, '\r\n', 0],
  ])('in base64 broken at %i columns by %j, %i bytes in', (columns, lineBreak, offset) => {
    const long = `${value}${'x4Yz'.repeat(15)}`;
    const own = new Redactor([{ name: 'KEY', value: Buffer.from(long) }]);
    const whole = base64(`${'u'.repeat(offset)}${long}${'v'.repeat(7)}`);
    const lines = whole.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
    for (const size of [1, 7, 4096]) {
      const { text, count } = inPieces(`${lines.join(lineBreak)}\n\nrest\n`, size, own);
      expect([count, text.endsWith('\n\nrest\n')]).toEqual([1, true]);
      const [before = '', after = ''] = text.replace(/\n\nrest\n$/, '').split('[secret:KEY]');
      const decoded = [before, after].map((part) => Buffer.from(part, 'base64').toString('latin1'));
      for (let at = 0; at + 4 <= long.length; at += 1) {
        const piece = Buffer.from(long.slice(at, at + 4)).toString('latin1');
        expect(decoded.join(' ')).not.toContain(piece);
      }
    }
  });

  test('in hex broken into lines, as xxd does', () => {
    const hex = Buffer.from(value.repeat(4)).toString('hex');
    const lines = hex.match(/.{1,60}/g) ?? [];
    expect(redactor.text(lines.join('\n'))).toBe('[secret:KEY]'.repeat(4));
  });

  test.each([0, 1, 2, 3, 4, 5])('inside a longer text in base64, %i bytes in', (offset) => {
    const whole = base64(`${'u'.repeat(offset)}${value}${'v'.repeat(7)}`);
    const shown = redactor.text(whole);
    expect(shown).toContain('[secret:KEY]');
    // What is left is at most the characters that the neighbours share with it.
    const rest = shown.split('[secret:KEY]');
    const decoded = rest.map((part) => Buffer.from(part, 'base64').toString('latin1')).join('');
    for (let at = 0; at + 4 <= value.length; at += 1) {
      expect(decoded).not.toContain(Buffer.from(value.slice(at, at + 4)).toString('latin1'));
    }
  });

  test('wherever the stream is cut', () => {
    const text = `a ${value} b ${encodeURIComponent(value)}${value} c`;
    const expected = 'a [secret:KEY] b [secret:KEY][secret:KEY] c';
    for (let size = 1; size <= text.length; size += 1) {
      expect(inPieces(text, size)).toEqual({ text: expected, count: 3 });
    }
  });

  test('with every line of it, such as of a key', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n';
    const keys = new Redactor([{ name: 'PEM', value: Buffer.from(key) }]);
    expect(keys.text(`x ${key}y`)).toBe('x [secret:PEM]\ny');
    expect(keys.text('  hkiG9w0BAQEFAASC\n')).toBe('  [secret:PEM]\n');
  });

  test('as base64(1) and openssl break it', () => {
    const long = Buffer.from(Array.from({ length: 200 }, (_, index) => (index * 37) % 256));
    const keys = new Redactor([{ name: 'BIN', value: long }]);
    const broken = execFileSync('base64', { input: long }).toString();
    expect(keys.text(broken).replaceAll('[secret:BIN]', '').trim()).toBe('');
  });
});

test('two secrets that overlap leave no rest of either', () => {
  const two = new Redactor([
    { name: 'A', value: Buffer.from('abcdef') },
    { name: 'B', value: Buffer.from('defghi') },
  ]);
  for (const size of [1, 2, 3, 5, 100]) {
    expect(inPieces('<abcdefghi>', size, two).text).toBe('<[secret:A]>');
  }
});

test('a secret that repeats within itself is held back no longer than it is', () => {
  const letters = new Redactor([{ name: 'A', value: Buffer.from('aaaa') }]);
  const stream = letters.stream();
  let longest = 0;
  for (let round = 0; round < 1000; round += 1) {
    longest = Math.max(longest, stream.write(Buffer.alloc(1000, 'a')).length);
  }
  expect(longest).toBeLessThan(100);
  expect(stream.write(Buffer.from('b')).toString() + stream.end().toString()).toBe('b');
});

test('other text passes untouched, byte by byte, whatever its encoding', () => {
  const bytes = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7) % 256));
  const stream = redactor.stream();
  const parts = [...bytes].map((byte) => stream.write(Buffer.from([byte])));
  expect(Buffer.concat([...parts, stream.end()]).equals(bytes)).toBe(true);
  expect(stream.count).toBe(0);
});
