import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type CapturedOutput, type EncodedBytes, OutputCapture } from '../../src/outcome/output.ts';
import { chunksOf, seededRandom } from './support/random.ts';

function capture(limit: number, ...chunks: (string | Buffer)[]): CapturedOutput {
  const output = new OutputCapture(limit);
  for (const chunk of chunks) output.write(Buffer.from(chunk));
  return output.finish();
}

function bytesOf({ text, base64 }: EncodedBytes): Buffer {
  return text === null ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(text);
}

/** What is kept, and what is left out. */
function shape({ text, base64, tail, truncated, omittedBytes }: CapturedOutput) {
  return {
    first: text ?? base64,
    last: tail && (tail.text ?? tail.base64),
    truncated,
    omittedBytes,
  };
}

const whole = (text: string) => ({ first: text, last: null, truncated: false, omittedBytes: 0 });
const cut = (first: string, last: string, omittedBytes: number) => ({
  first,
  last,
  truncated: true,
  omittedBytes,
});

describe('what is kept of a stream', () => {
  test.each([
    { title: 'Nothing', limit: 10, text: '', kept: whole('') },
    { title: 'Less than the limit', limit: 10, text: '123456789', kept: whole('123456789') },
    { title: 'The limit itself', limit: 10, text: '1234567890', kept: whole('1234567890') },
    { title: 'One byte more', limit: 10, text: '1234567890a', kept: cut('12345', '7890a', 1) },
    { title: 'Twice the limit', limit: 4, text: '12345678', kept: cut('12', '78', 4) },
    { title: 'An odd limit, exactly', limit: 5, text: '12345', kept: whole('12345') },
    { title: 'An odd limit and one more', limit: 5, text: '123456', kept: cut('123', '56', 1) },
    { title: 'Something with the limit 0', limit: 0, text: 'abc', kept: cut('', '', 3) },
    { title: 'Nothing with the limit 0', limit: 0, text: '', kept: whole('') },
    { title: 'One byte with the limit 1', limit: 1, text: 'a', kept: whole('a') },
    { title: 'Three bytes with the limit 1', limit: 1, text: 'abc', kept: cut('a', '', 2) },
    { title: 'Three bytes with the limit 2', limit: 2, text: 'abc', kept: cut('a', 'c', 1) },
  ])('$title: $text with the limit $limit', ({ limit, text, kept }) => {
    const output = capture(limit, text);
    expect(shape(output)).toEqual(kept);
    expect(output.bytes).toBe(text.length);
    expect(output.sha256).toBe(sha256(Buffer.from(text)));
  });

  test('The tail is the last part however often it was overwritten', () => {
    expect(shape(capture(6, '123', '4', '56', '7', '89012', '3', ''))).toEqual(
      cut('123', '123', 7),
    );
  });
});

describe('a cut inside a character', () => {
  test.each([
    { title: 'two bytes', text: 'éééé', limit: 6, kept: cut('é', 'é', 4) },
    { title: 'three bytes', text: '€€€€', limit: 8, kept: cut('€', '€', 6) },
    { title: 'four bytes', text: '😀😀😀', limit: 10, kept: cut('😀', '😀', 4) },
    { title: 'four bytes, one in', text: 'ab😀xx😀cd', limit: 6, kept: cut('ab', 'cd', 10) },
    { title: 'four bytes, three in', text: 'ab😀xx😀cd', limit: 10, kept: cut('ab', 'cd', 10) },
  ])('counts as left out: $title', ({ text, limit, kept }) => {
    expect(shape(capture(limit, text))).toEqual(kept);
  });

  test('is none where the character is whole', () => {
    expect(shape(capture(12, 'ab😀xx😀cd'))).toEqual(cut('ab😀', '😀cd', 2));
    expect(shape(capture(4, 'éxxé'))).toEqual(cut('é', 'é', 2));
  });

  test('is none where the whole stream is kept, though its head and tail meet there', () => {
    expect(shape(capture(6, 'a😀b'))).toEqual(whole('a😀b'));
  });

  test('Whatever is left out is counted: kept and omitted are the whole', () => {
    const text = 'aé€😀'.repeat(20);
    for (let limit = 0; limit < 60; limit += 1) {
      const output = capture(limit, text);
      const tail = output.tail ? bytesOf(output.tail).length : 0;
      expect(bytesOf(output).length + tail + output.omittedBytes).toBe(output.bytes);
      expect(text.startsWith(output.text ?? '?')).toBe(true);
      expect(text.endsWith(output.tail?.text ?? '?')).toBe(true);
    }
  });
});

describe('bytes that are no text', () => {
  const binary = Buffer.from([0x00, 0xff, 0xfe, 0x80, 0x41, 0xc0, 0xf8, 0x0a]);

  test('come back from base64 as they were', () => {
    const output = capture(100, binary);
    expect(output.text).toBeNull();
    expect(bytesOf(output)).toEqual(binary);
  });

  test.each([
    ['an overlong form', [0xc0, 0xaf]],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80]],
    ['a character that ends too early', [0xe2, 0x82]],
    ['a continuation without a start', [0x80]],
  ])('%s is kept as base64', (_, bytes) => {
    const output = capture(100, Buffer.from(bytes));
    expect(output.text).toBeNull();
    expect(bytesOf(output)).toEqual(Buffer.from(bytes));
  });

  test.each([
    ['head', Buffer.from('a\xffaa', 'latin1'), Buffer.from('bbbb')],
    ['tail', Buffer.from('aaaa'), Buffer.from('bb\xffb', 'latin1')],
  ])('in the %s make both parts base64, each with all of its bytes', (_, head, tail) => {
    const output = capture(8, head, 'xxxxxxxx', tail);
    expect([output.text, output.tail?.text]).toEqual([null, null]);
    expect(bytesOf(output)).toEqual(head);
    expect(output.tail && bytesOf(output.tail)).toEqual(tail);
    expect(output.omittedBytes).toBe(8);
  });

  test('A NUL and a byte order mark are text', () => {
    expect(capture(100, '\uFEFFa\0b').text).toBe('\uFEFFa\0b');
  });
});

test('The buffers that are written may be used again at once', () => {
  const output = new OutputCapture(8);
  const chunk = Buffer.alloc(3);
  for (const text of ['abc', 'def', 'ghi', 'jkl']) {
    chunk.write(text);
    output.write(chunk);
  }
  expect(shape(output.finish())).toEqual(cut('abcd', 'ijkl', 4));
});

describe('however a stream is cut into chunks', () => {
  const limits = [0, 1, 2, 7, 100, 999, 1000, 1001, 8192, 10_000, 20_000];

  test.each(limits)('with the limit %i the same is kept', (limit) => {
    const random = seededRandom(limit);
    const bytes = randomBytes(256, random);
    const expected = capture(limit, bytes);
    for (const longest of [1, 3, 64, 5_000]) {
      expect(capture(limit, ...chunksOf(bytes, longest, random))).toEqual(expected);
    }
    expect(expected).toMatchObject({ bytes: bytes.length, sha256: sha256(bytes) });
  });

  test.each(limits)('with the limit %i it is the true first and last bytes', (limit) => {
    const random = seededRandom(limit);
    const bytes = randomBytes(128, random);
    const output = capture(limit, ...chunksOf(bytes, 64, random));
    const [first, last] = [Math.ceil(limit / 2), Math.floor(limit / 2)];
    const isWhole = limit >= bytes.length;
    expect(bytesOf(output)).toEqual(isWhole ? bytes : bytes.subarray(0, first));
    expect(output.tail && bytesOf(output.tail)).toEqual(
      isWhole ? null : bytes.subarray(bytes.length - last),
    );
  });
});

function randomBytes(alphabet: number, random: (bound: number) => number): Buffer {
  return Buffer.from(Array.from({ length: 10_000 }, () => random(alphabet)));
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
