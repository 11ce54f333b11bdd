import { describe, expect, test } from 'vitest';
import { lastLinesOfEach } from '../../src/outcome/kept-output.ts';
import { OutputCapture } from '../../src/outcome/output.ts';

const nothing = { head: Buffer.alloc(0), omittedBytes: 0, tail: Buffer.alloc(0) };

function lastLines(parts: { head?: string; omittedBytes?: number; tail?: string }, count: number) {
  const { head = '', omittedBytes = 0, tail = '' } = parts;
  const stdout = { head: Buffer.from(head), omittedBytes, tail: Buffer.from(tail) };
  const last = lastLinesOfEach({ stdout, stderr: nothing }, count).stdout;
  return { text: `${last.head.toString()}${last.tail.toString()}`, omitted: last.omittedBytes };
}

describe('the last lines', () => {
  test.each([
    ['a\nb\nc\n', 2, 'b\nc\n'],
    ['a\nb\nc', 2, 'b\nc'],
    ['a\nb\n', 2, 'a\nb\n'],
    ['a\nb\n', 9, 'a\nb\n'],
    ['\n\n\n', 2, '\n\n'],
    ['a\nb\n', 0, ''],
    ['', 3, ''],
  ])('of %j, %i of them, are %j', (head, count, expected) => {
    expect(lastLines({ head }, count)).toEqual({ text: expected, omitted: 0 });
  });

  test('reach from the last part back into the first where nothing lies between', () => {
    expect(lastLines({ head: 'a\nb', tail: 'c\nd\n' }, 2)).toEqual({ text: 'bc\nd\n', omitted: 0 });
  });

  test('are whole where the last part has enough of them', () => {
    const parts = { head: 'a\n', omittedBytes: 5, tail: 'rest\nb\nc\n' };
    expect(lastLines(parts, 2)).toEqual({ text: 'b\nc\n', omitted: 0 });
  });

  test('tell what is missing where it has too few, or the first of them may be cut', () => {
    const parts = { head: 'a\n', omittedBytes: 5, tail: 'rest\nb\n' };
    expect(lastLines(parts, 2)).toEqual({ text: 'rest\nb\n', omitted: 5 });
  });
});

test('What a capture has so far stays as it was, whatever comes after', () => {
  const capture = new OutputCapture(8);
  capture.write(Buffer.from('abcdefghij'));
  const kept = capture.kept();
  capture.write(Buffer.from('klmnop'));
  expect(kept.head.toString()).toBe('abcd');
  expect(kept.tail.toString()).toBe('ghij');
  expect(kept.omittedBytes).toBe(2);
});
