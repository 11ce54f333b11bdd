import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type ChunkReceiver, OutputRelay } from '../../src/run/output-relay.ts';

const forever = new Promise<void>(() => undefined);

function relay(receiver: ChunkReceiver | null) {
  let gone = 0;
  const output = new OutputRelay(100, {
    receiver,
    onGone: () => (gone += 1),
    redaction: null,
    passesRedacted: false,
  });
  return { output, gone: () => gone };
}

/** Whether a promise has settled by the time that everything that could happen at once has happened. */
async function isWaiting(promise: Promise<void> | undefined): Promise<boolean> {
  return await Promise.race([(promise ?? Promise.resolve()).then(() => false), turn(true)]);
}

describe('a stream on its way', () => {
  test('is passed on as it comes, and kept', () => {
    const received: string[] = [];
    const { output } = relay((chunk) => void received.push(chunk.toString()));
    expect(output.sink(Buffer.from('a'))).toBeUndefined();
    expect(output.sink(Buffer.from('b'))).toBeUndefined();
    expect([received, output.finish().text]).toEqual([['a', 'b'], 'ab']);
  });

  test('is kept where nobody wants it', () => {
    const { output, gone } = relay(null);
    expect(output.sink(Buffer.from('a'))).toBeUndefined();
    expect([output.finish().text, gone()]).toEqual(['a', 0]);
  });

  test('waits for a reader who asks for it', async () => {
    const answers = [Promise.resolve(), forever];
    const { output } = relay(() => answers.shift());
    expect(await isWaiting(output.sink(Buffer.from('a')))).toBe(false);
    expect(await isWaiting(output.sink(Buffer.from('b')))).toBe(true);
  });
});

describe('a reader who has gone away', () => {
  test.each<[string, ChunkReceiver]>([
    [
      'by a throw',
      () => {
        throw new Error('EPIPE');
      },
    ],
    ['by a rejection', () => Promise.reject(new Error('EPIPE'))],
  ])('%s is told about once, and the capture goes on', async (_, receiver) => {
    const { output, gone } = relay(receiver);
    const sent = ['a', 'b'].map((text) => Promise.resolve(output.sink(Buffer.from(text))));
    await Promise.all(sent);
    await output.sink(Buffer.from('c'));
    expect([gone(), output.finish().text]).toEqual([1, 'abc']);
  });
});

describe('a reader who stands still', () => {
  test('is not waited for within what is allowed, and then again', async () => {
    const { output } = relay(() => forever);
    const before = output.sink(Buffer.from('a'));
    expect(await isWaiting(before)).toBe(true);
    output.allow(2);
    expect(await isWaiting(before)).toBe(false);
    expect(await isWaiting(output.sink(Buffer.from('bc')))).toBe(false);
    expect(await isWaiting(output.sink(Buffer.from('d')))).toBe(true);
    expect(output.finish().text).toBe('abcd');
  });

  test('is never waited for once everything is allowed', async () => {
    const { output } = relay(() => forever);
    output.allow(Infinity);
    for (let round = 0; round < 3; round += 1) {
      expect(await isWaiting(output.sink(Buffer.alloc(1024 ** 2)))).toBe(false);
    }
  });
});
