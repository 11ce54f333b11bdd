import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ImageProgress } from '../../src/engine/engine.ts';
import { widthOf } from '../../src/report/columns.ts';
import { elapsedText } from '../../src/report/progress-text.ts';
import { ProgressReport } from '../../src/report/progress.ts';

const reference = 'sandbox-base:0123';
const making = { what: 'build', reference, platform: null } as const;
const begin = { kind: 'begin', ...making } as const;
const end = { kind: 'end', ...making } as const;
const step = { kind: 'step', step: 2, steps: 7, text: 'packages' } as const;

interface Surroundings {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly quiet?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

/** A report on a stream of our own, and what it has written so far. */
function report({ isTTY = true, columns = 80, quiet = false, env = {} }: Surroundings = {}) {
  const stderr = Object.assign(new PassThrough(), { isTTY, columns });
  const terminal = { stdout: stderr, stderr, env: { NO_COLOR: '1', ...env } } as never;
  const written = () => ((stderr.read() as Buffer | null) ?? '').toString();
  return { shown: new ProgressReport(terminal, { quiet }), written };
}

const clearLine = '\r\u001b[2K';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('on a terminal', () => {
  test('one line is rewritten, counts the time, and is gone at the end', () => {
    const { shown, written } = report();
    shown.show(begin);
    expect(written()).toBe(`${clearLine}sandbox: building ${reference} · 0.0 s`);
    shown.show(step);
    const line = `sandbox: building ${reference} · step 2/7: packages · `;
    expect(written()).toBe(`${clearLine}${line}0.0 s`);
    vi.advanceTimersByTime(2000);
    expect(written()).toBe(`${clearLine}${line}1.0 s${clearLine}${line}2.0 s`);
    shown.show(end);
    expect(written().endsWith(clearLine)).toBe(true);
    vi.advanceTimersByTime(5000);
    expect(written()).toBe('');
  });

  test('a line of wide characters is cut to what the terminal has room for', () => {
    const { shown, written } = report({ columns: 60 });
    shown.show(begin);
    written();
    shown.show({ ...step, text: '試験'.repeat(40) });
    const [line = ''] = written().split(clearLine).slice(-1);
    expect(line).toMatch(/試…? · 0\.0 s$|験…? · 0\.0 s$/);
    expect(widthOf(line)).toBeLessThan(60);
  });

  test.each<[string, ImageProgress, string]>([
    [
      'bytes of layers',
      { kind: 'layers', doneBytes: 1024 ** 2, totalBytes: 3 * 1024 ** 3 },
      `building ${reference} · 1.0 MiB of 3.0 GiB · 0.0 s`,
    ],
    [
      'bytes of layers whose size is not known',
      { kind: 'layers', doneBytes: 1.5 * 1024 ** 2, totalBytes: null },
      `building ${reference} · 1.5 MiB so far · 0.0 s`,
    ],
    [
      'another build',
      { kind: 'waiting', reference },
      `waiting for another build of ${reference} · 0.0 s`,
    ],
    [
      'another try',
      { kind: 'retry', reason: 'lock', afterMs: 2000 },
      `building ${reference} · again in 2.0 s: lock · 0.0 s`,
    ],
  ])('%s', (_, progress, expected) => {
    const { shown, written } = report();
    shown.show(begin);
    written();
    shown.show(progress);
    expect(written()).toBe(`${clearLine}sandbox: ${expected}`);
  });

  test('A line is never wider than the terminal, and keeps the time', () => {
    const { shown, written } = report({ columns: 40 });
    shown.show({ ...step, text: 'x'.repeat(200) });
    const line = written().slice(clearLine.length);
    expect(line).toHaveLength(39);
    expect(line.endsWith('… · 0.0 s')).toBe(true);
  });

  test('What a build prints cannot move the cursor', () => {
    const { shown, written } = report();
    shown.show({ ...step, text: '\u001b[2Jgone\nnext' });
    const line = written().slice(clearLine.length);
    expect(line.includes('\u001b') || line.includes('\n')).toBe(false);
  });

  test('It makes way for other words, and comes back with what is told next', () => {
    const { shown, written } = report();
    shown.show(begin);
    written();
    shown.clear();
    expect(written()).toBe(clearLine);
    shown.clear();
    expect(written()).toBe('');
    shown.show(step);
    expect(written()).toContain('step 2/7');
  });

  test('Nothing is written once it is closed, also without an end', () => {
    const { shown, written } = report();
    shown.show(begin);
    shown.close();
    written();
    vi.advanceTimersByTime(5000);
    shown.close();
    expect(written()).toBe('');
  });
});

describe('elsewhere', () => {
  test.each<[string, Surroundings]>([
    ['where stderr is no terminal', { isTTY: false }],
    ['in CI', { env: { CI: 'true' } }],
    ['on a dumb terminal', { env: { TERM: 'dumb' } }],
  ])('each step is a line of its own %s', (_, surroundings) => {
    const { shown, written } = report(surroundings);
    shown.show(begin);
    shown.show({ kind: 'layers', doneBytes: 1, totalBytes: 2 });
    shown.show(step);
    shown.show({ kind: 'retry', reason: 'lock', afterMs: 2000 });
    vi.advanceTimersByTime(65_000);
    shown.show(end);
    expect(written()).toBe(
      [
        `sandbox: building ${reference}`,
        'sandbox: step 2/7: packages',
        'sandbox: again in 2.0 s: lock',
        `sandbox: built ${reference} in 1 min 5 s`,
        '',
      ].join('\n'),
    );
  });

  test('the time of a build is its own, not that of the build that it waited for', () => {
    const { shown, written } = report({ isTTY: false });
    shown.show({ kind: 'waiting', reference });
    vi.advanceTimersByTime(65_000);
    shown.show(begin);
    vi.advanceTimersByTime(2000);
    shown.show(end);
    expect(written()).toContain(`sandbox: built ${reference} in 2.0 s\n`);
  });

  test('a platform that was asked for is named', () => {
    const { shown, written } = report({ isTTY: false });
    shown.show({ kind: 'begin', what: 'pull', reference: 'app:1', platform: 'linux/arm64' });
    expect(written()).toBe('sandbox: pulling app:1 for linux/arm64\n');
  });

  test('-q says nothing', () => {
    for (const isTTY of [true, false]) {
      const { shown, written } = report({ isTTY, quiet: true });
      for (const progress of [begin, step, end]) shown.show(progress);
      vi.advanceTimersByTime(5000);
      shown.close();
      expect(written()).toBe('');
    }
  });
});

test.each([
  [0, '0.0 s'],
  [9_940, '9.9 s'],
  [12_400, '12 s'],
  [59_999, '1 min 0 s'],
  [185_000, '3 min 5 s'],
])('%i ms are shown as %s', (ms, text) => {
  expect(elapsedText(ms)).toBe(text);
});
