import { describe, expect, test } from 'vitest';
import { HeldReport, isInitReport, isLengthReport } from '../../src/engine/docker/exec-failure.ts';
import { chunksOf, seededRandom } from './support/random.ts';

const report = '[FATAL tini (7)] exec no-such failed: No such file or directory\n';
const podmans = 'ERROR (catatonit:7): failed to exec pid1: No such file or directory\n';

/** A report that is looked for in what is fed to it, and what it passed on so far. */
function held(...chunks: (string | Buffer)[]) {
  const passed: Buffer[] = [];
  const keep = (chunk: Buffer) => void passed.push(Buffer.from(chunk));
  const holder = new HeldReport(keep, { mayBeTooLong: false });
  for (const chunk of chunks) void holder.sink(Buffer.from(chunk));
  return { holder, passed: () => Buffer.concat(passed).toString('latin1') };
}

describe("what looks like the init's report", () => {
  test.each([report, podmans])('is held back, however it is cut: %j', (report) => {
    for (let cut = 0; cut <= report.length; cut += 1) {
      const { holder, passed } = held(report.slice(0, cut), report.slice(cut));
      expect(passed()).toBe('');
      expect(holder.held.toString()).toBe(report);
    }
  });

  test('is passed on when it is released, once, and the rest follows at once', () => {
    const { holder, passed } = held(report);
    void holder.release();
    void holder.release();
    void holder.sink(Buffer.from('more'));
    expect(passed()).toBe(`${report}more`);
  });

  test('is gone when it is dropped', () => {
    const { holder, passed } = held(report);
    holder.drop();
    void holder.release();
    expect(passed()).toBe('');
  });

  test('is not held when it is longer than any report', () => {
    const text = `[FATAL tini (7)] exec ${'x'.repeat(10_000)}`;
    expect(held(text).passed()).toBe(text);
  });
});

describe('what is no report', () => {
  test.each([
    'x',
    '\n',
    '[',
    '[FATAL',
    '[FATAL tini',
    '[FATAL tinY (7)]',
    'warning: x\n',
    ` ${report}`,
    'é\xff\n',
    '[[FATAL tini (7)]',
  ])('is passed on unchanged and in order: %j', (text) => {
    const bytes = Buffer.from(text, 'latin1');
    const { holder, passed } = held(...chunksOf(bytes, 1, () => 1));
    void holder.release();
    void holder.sink(Buffer.from(report));
    expect(passed()).toBe(text + report);
  });

  test('is passed on as soon as it cannot become one', () => {
    const { holder, passed } = held('[FATAL tiny');
    expect(passed()).toBe('[FATAL tiny');
    expect(holder.held.length).toBe(0);
  });

  test('comes out whole at any size, in chunks of any size', () => {
    const random = seededRandom(3);
    for (const start of ['', '[', '[FATAL tini (', report]) {
      const bytes = Buffer.concat([Buffer.from(start), Buffer.alloc(20_000, 'line\n')]);
      const { holder, passed } = held(...chunksOf(bytes, 700, random));
      void holder.release();
      expect(passed()).toBe(bytes.toString());
    }
  });

  test('makes whoever sends it wait for a slow reader', async () => {
    const slow = Promise.resolve();
    const holder = new HeldReport(() => slow, { mayBeTooLong: false });
    expect(holder.sink(Buffer.from('[FATAL'))).toBeUndefined();
    expect(holder.sink(Buffer.from(' x'))).toBe(slow);
    expect(holder.sink(Buffer.from('y'))).toBe(slow);
    await slow;
  });
});

test.each([
  [report, 127, true],
  [report, 126, true],
  [report, 1, true],
  [report, 0, false],
  [report, 2, false],
  ['[FATAL tini (7)] exec a\nb failed: Permission denied\n', 126, true],
  [`${report}more\n`, 127, false],
  [`x${report}`, 127, false],
  [report.trimEnd(), 127, false],
  ['', 127, false],
  [podmans, 1, true],
  [`${podmans}more\n`, 1, false],
  ['ERROR (catatonit:7): failed to wait\n', 1, false],
  ['[FATAL tini (x)] exec a failed: b\n', 127, false],
  ['sh: 1: no-such: not found\n', 127, false],
])('That %j with exit code %i is a report is %s', (text, exitCode, expected) => {
  expect(isInitReport(Buffer.from(text), exitCode)).toBe(expected);
});

describe('what looks like words that were too long', () => {
  const said = 'exec /sbin/docker-init: argument list too long\n';

  test.each([
    said,
    'standard_init_linux.go:228: exec user process caused: argument list too long\n',
  ])('is held back where they may have been: %j', (text) => {
    const passed: string[] = [];
    const keep = (chunk: Buffer) => void passed.push(chunk.toString());
    const holder = new HeldReport(keep, { mayBeTooLong: true });
    for (const character of text) void holder.sink(Buffer.from(character));
    expect(passed).toEqual([]);
    expect(isLengthReport(holder.held, 1)).toBe(true);
    expect(isLengthReport(holder.held, 2)).toBe(false);
  });

  test('passes at once where they cannot', () => {
    expect(held(said).passed()).toBe(said);
  });

  test.each([`${said}more`, `more ${said}`, 'exec /a: no such file\n'])('is not: %j', (text) => {
    expect(isLengthReport(Buffer.from(text), 1)).toBe(false);
  });
});
