import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { colorsFor, printable, receiverFor } from '../../src/report/terminal.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

/** Any stream, for code that asks for nothing else of a terminal. */
function asTerminal(stream: Writable): NodeJS.WriteStream {
  return stream as unknown as NodeJS.WriteStream;
}

describe('printable', () => {
  test.each([
    ['a colour', '\u001b[31mred\u001b[0m', String.raw`\x1b[31mred\x1b[0m`],
    ['a title', '\u001b]0;x\u0007', String.raw`\x1b]0;x\x07`],
    ['the one-byte form of an escape', '\u009b31m', String.raw`\x9b31m`],
    ['a return that would overwrite the line', 'good\rbad', String.raw`good\x0dbad`],
    ['a backspace', 'a\bb', String.raw`a\x08b`],
    ['a delete', 'a\u007f', String.raw`a\x7f`],
    ['a NUL', 'a\0b', String.raw`a\x00b`],
    ['a tab', 'a\tb', 'a b'],
    ['an order of its own', 'a\u202egnp.exe\u202c', String.raw`a\u202egnp.exe\u202c`],
    ['an isolated order', '\u2066a\u2067b\u2068c\u2069', String.raw`\u2066a\u2067b\u2068c\u2069`],
    ['a mark of direction', '\u200ea\u200fb\u061cc', String.raw`\u200ea\u200fb\u061cc`],
    ['a mark that turns the direction', 'a\u202eb\u2066c', String.raw`a\u202eb\u2066c`],
  ])('makes %s harmless', (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  test.each([
    '',
    'plain',
    'é € 😀 日本',
    'שלום',
    '👩\u200d💻',
    String.raw`\x1b`,
    'quotes \' and "',
  ])('leaves %j as it is', (text) => {
    expect(printable(text)).toBe(text);
  });
});

describe('colour', () => {
  test.each([
    ['on a terminal', true, {}, true],
    ['elsewhere', false, {}, false],
    ['elsewhere where it is forced', false, { FORCE_COLOR: '1' }, true],
    ['elsewhere where it is forced by 0', false, { FORCE_COLOR: '0' }, false],
    ['on a terminal with NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['on a terminal with an empty NO_COLOR', true, { NO_COLOR: '' }, true],
    ['on a terminal with both', true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    ['on a dumb terminal', true, { TERM: 'dumb' }, false],
  ])('%s', (...row) => {
    const [, isTTY, env, expected] = row;
    const stream = asTerminal(Object.assign(new PassThrough(), { isTTY }));
    const { red } = colorsFor(stream, env);
    expect(red('x') !== 'x').toBe(expected);
  });
});

describe('receiverFor', () => {
  /** A pipe that is full after one byte and flows when it is read. */
  function pipe() {
    const stream = new PassThrough({ highWaterMark: 1 });
    return { stream, receive: receiverFor(asTerminal(stream)) };
  }

  test('passes chunks on, and everyone who waits for room hears of it', async () => {
    const { stream, receive } = pipe();
    const waits = ['one ', 'two'].map((chunk) => Promise.resolve(receive(Buffer.from(chunk))));
    expect(stream.writableNeedDrain).toBe(true);
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await Promise.all(waits);
    expect(text).toBe('one two');
  });

  test('asks for no wait while there is room', () => {
    const stream = new PassThrough();
    const receive = receiverFor(asTerminal(stream));
    expect(receive(Buffer.from('x'))).toBeUndefined();
  });

  test('has what it passes on, though its memory is used again at once', async () => {
    const { stream, receive } = pipe();
    const memory = Buffer.alloc(4);
    const waits = ['one ', 'two ', 'end.'].map((text) => {
      memory.write(text);
      return Promise.resolve(receive(memory));
    });
    memory.fill('x');
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await Promise.all(waits);
    memory.write('and ');
    await receive(memory);
    expect(text).toBe('one two end.and ');
  });

  test('writes to a file itself, after what the stream has not written yet', async () => {
    const path = join(await temporaryDirectory(), 'file');
    const fd = openSync(path, 'w');
    const stream = new Writable({
      write: (chunk: Buffer, _, done) => {
        setImmediate(() => {
          writeSync(fd, chunk);
          done();
        });
      },
    });
    const receive = receiverFor(asTerminal(Object.assign(stream, { fd })));
    expect(receive(Buffer.from('one '))).toBeUndefined();
    stream.write('two ');
    await receive(Buffer.from('three '));
    expect(receive(Buffer.from('four'))).toBeUndefined();
    closeSync(fd);
    expect(readFileSync(path, 'utf8')).toBe('one two three four');
  });

  test('ends every wait when the reader is gone, and throws from then on', async () => {
    const { stream, receive } = pipe();
    const wait = receive(Buffer.from('one'));
    stream.destroy(new Error('EPIPE'));
    await wait;
    await turn();
    expect(() => receive(Buffer.from('two'))).toThrow('EPIPE');
  });
});
