import { PassThrough } from 'node:stream';
import { createColors } from 'picocolors';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BatchRow } from '../../src/receipt/batch-summary.ts';
import { barLine } from '../../src/report/batch/bar-line.ts';
import { BatchProgress } from '../../src/report/batch/batch-progress.ts';
import { cut, widthOf } from '../../src/report/columns.ts';
import { RateMeter, rateText } from '../../src/report/batch/rate.ts';
import type { BatchEvent } from '../../src/run/batch/batch-event.ts';
import { type EndedTask, batchOf, batchTask } from './support/batch.ts';

const at = '2025-01-01T00:00:00.000Z';
const started = (total: number): BatchEvent => ({ kind: 'batch-started', at, total, jobs: 4 });

/** The events of these tasks, one after the other. */
async function eventsOf(tasks: readonly EndedTask[]) {
  const { summary, readReceipt } = batchOf(tasks);
  const ended = await Promise.all(
    summary.tasks.map(async (row): Promise<BatchEvent[]> => {
      const task = batchTask(row.index, row.id);
      const receipt = await readReceipt(row);
      return [
        { kind: 'task-started', at, task, slot: row.slot ?? 0, attempt: 1 },
        { kind: 'task-ended', at, task, row, receipt },
      ];
    }),
  );
  const end: BatchEvent = { kind: 'batch-ended', at, summary };
  return { start: started(tasks.length), ended, end };
}

interface Surroundings {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly quiet?: boolean;
  readonly tag?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

/** A progress on streams of our own, and what they have got so far. */
function progress({ quiet = false, tag = false, env = {}, ...stream }: Surroundings = {}) {
  const { isTTY = true, columns = 80, rows = 24 } = stream;
  const make = () => Object.assign(new PassThrough(), { isTTY, columns, rows });
  const [stdout, stderr] = [make(), make()];
  const terminal = { stdout, stderr, env: { NO_COLOR: '1', ...env } } as never;
  const read = (from: PassThrough) => ((from.read() as Buffer | null) ?? '').toString();
  return {
    shown: new BatchProgress(terminal, { quiet, tag }),
    stdout,
    stderr,
    written: () => read(stderr),
    printed: () => read(stdout),
  };
}

// eslint-disable-next-line no-control-regex -- what a terminal obeys.
const obeyed = /\r|\n|\u001b\[(\d+)A|\u001b\[J|[^\r\n\u001b]+|\u001b/g;

/** What a terminal shows in the end: it obeys the few sequences that are used, and no others. */
function screen(written: string): string[] {
  const lines = [''];
  let [line, column] = [0, 0];
  for (const [part, up] of written.matchAll(obeyed)) {
    if (part === '\r') column = 0;
    else if (part === '\n') [line, column] = [line + 1, 0];
    else if (up !== undefined) line -= Number(up);
    else if (part === '\u001b[J')
      lines.splice(line, Infinity, (lines[line] ?? '').slice(0, column));
    else if (part === '\u001b') throw new Error(`an escape that nobody expected: ${written}`);
    else {
      lines[line] = (lines[line] ?? '').slice(0, column).padEnd(column) + part;
      column += part.length;
    }
    lines[line] ??= '';
  }
  return lines;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('on a terminal', () => {
  test('a bar with counts, rate and remaining time, the failures above it, and both gone at the end', async () => {
    const { shown, written } = progress({ columns: 100 });
    const { start, ended, end } = await eventsOf([
      {},
      { id: 'lint', status: 'failed', exitCode: 2, stderr: '\n  app.css:12: no such thing\nmore' },
      {},
      {},
    ]);
    void shown.show(start);
    let all = written();
    for (const events of ended.slice(0, 2)) {
      vi.advanceTimersByTime(1000);
      for (const event of events) void shown.show(event);
    }
    vi.advanceTimersByTime(100);
    all += written();
    expect(screen(all)).toEqual([
      '✗ lint: failed, exit code 2 · app.css:12: no such thing',
      '███████████████░░░░░░░░░░░░░░░ 2/4 · 1 passed, 1 failed · 57 tasks/min · 2.1 s left',
    ]);
    for (const event of ended.slice(2).flat()) void shown.show(event);
    void shown.show(end);
    all += written();
    expect(screen(all)).toEqual([
      'sandbox: lint: failed, exit code 2 · app.css:12: no such thing',
      'sandbox: 4 tasks in 4.5 s: 3 passed, 1 failed',
      '',
    ]);
    vi.advanceTimersByTime(5000);
    expect(written()).toBe('');
  });

  test('It is drawn at most ten times a second, however many tasks end', async () => {
    const { shown, stderr, written } = progress();
    const { start, ended } = await eventsOf(Array.from({ length: 1000 }, () => ({})));
    const writes = vi.spyOn(stderr, 'write');
    void shown.show(start);
    for (const events of ended) {
      for (const event of events) void shown.show(event);
      vi.advanceTimersByTime(1);
    }
    expect(writes.mock.calls.length).toBeLessThanOrEqual(11);
    expect(screen(written()).join('')).toContain('1,000 passed');
    shown.close();
    expect(screen(written())).toEqual(['']);
  });

  test.each([20, 33, 40, 60, 200])('No line is wider than %i columns', async (columns) => {
    const { shown, written } = progress({ columns });
    const { start, ended } = await eventsOf([
      { id: 'wide', status: 'failed', stderr: '漢字'.repeat(100) },
      { id: 'hostile', status: 'failed', stderr: '\u001b[2J\u001b]0;x\u0007\rgone' },
      {},
    ]);
    void shown.show(start);
    for (const event of ended.flat()) void shown.show(event);
    vi.advanceTimersByTime(100);
    const lines = screen(written());
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(widthOf(line)).toBeLessThan(columns);
    expect(lines[0]).toContain(columns > 60 ? '漢字' : '✗ wide');
  });

  test('A terminal that became narrower is cleared of what it wrapped', async () => {
    const { shown, stderr, written } = progress({ columns: 81 });
    const { start, ended } = await eventsOf([{ status: 'failed', stderr: 'x'.repeat(200) }]);
    for (const event of [start, ...ended.flat()]) void shown.show(event);
    vi.advanceTimersByTime(100);
    written();
    stderr.columns = 40;
    shown.close();
    // The failure takes two lines of 40 columns, and so does the bar.
    expect(written()).toBe('\r\u001b[3A\u001b[J');
  });

  test('A warning is told once, above the bar', () => {
    const { shown, written } = progress();
    const event = { kind: 'warning', message: 'isolation:\u001b none' } as const;
    void shown.show(started(2));
    for (const index of [0, 1])
      void shown.show({ kind: 'task-event', task: batchTask(index), event });
    vi.advanceTimersByTime(100);
    const [first, second, ...rest] = screen(written());
    expect(first).toBe('sandbox: warning: isolation:\\x1b none');
    expect(second).toContain('0/2');
    expect(rest).toEqual([]);
  });

  test('The making of an image is told above the bar, and no longer than it lasts', () => {
    const { shown, written } = progress();
    const reference = 'sandbox-base:0123';
    const tell = (progress: object) =>
      void shown.show({
        kind: 'task-event',
        task: batchTask(0),
        event: { kind: 'image', progress } as never,
      });
    void shown.show(started(1));
    tell({ kind: 'begin', what: 'build', reference, platform: null });
    tell({ kind: 'step', step: 2, steps: 7, text: 'packages' });
    vi.advanceTimersByTime(100);
    const during = written();
    expect(screen(during)[0]).toBe(`building ${reference} · step 2/7: packages`);
    tell({ kind: 'end', what: 'build', reference, platform: null });
    vi.advanceTimersByTime(100);
    expect(screen(during + written())).toHaveLength(1);
  });

  test('Output of tasks has lines of its own, also where it ends in the middle of one', () => {
    // One terminal shows both.
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
    const terminal = { stdout: stream, stderr: stream, env: { NO_COLOR: '1' } } as never;
    const shown = new BatchProgress(terminal, { quiet: false, tag: false });
    const chunk = Buffer.from('one\ntwo');
    void shown.show(started(1));
    void shown.show({ kind: 'task-output', task: batchTask(0), stream: 'stdout', chunk });
    vi.advanceTimersByTime(100);
    const during = (stream.read() as Buffer).toString();
    expect(screen(during)).toEqual(['one', 'two', `${'░'.repeat(30)} 0/1`]);
    shown.close();
    expect(screen(during + (stream.read() as Buffer).toString())).toEqual(['one', 'two', '']);
  });
});

describe('in a log', () => {
  const log: Surroundings = { isTTY: false };

  test('each failure is a line, the counts are told each tenth, and once more at the end', async () => {
    const { shown, written } = progress(log);
    const tasks = Array.from({ length: 20 }, (_, at): EndedTask =>
      at === 6 ? { status: 'timed-out' } : {},
    );
    const { start, ended, end } = await eventsOf(tasks);
    void shown.show(start);
    for (const events of ended) {
      for (const event of events) void shown.show(event);
      vi.advanceTimersByTime(600);
    }
    void shown.show(end);
    const lines = written().split('\n');
    expect(lines).toContain(
      'sandbox: task-7: timed out after 30.0 s (limit 30s), ended by SIGTERM',
    );
    expect(lines.at(-2)).toBe('sandbox: 20 tasks in 21 s: 19 passed, 1 timed-out');
    const counts = lines.filter((line) => /^sandbox: \d+\/20 /.test(line));
    expect(counts.length).toBeGreaterThan(5);
    expect(counts.length).toBeLessThanOrEqual(10);
    expect(written()).not.toContain('\u001b');
  });

  test('Slow tasks are told of after ten seconds, fast ones not each by itself', async () => {
    const { shown, written } = progress(log);
    const { start, ended } = await eventsOf(Array.from({ length: 100 }, () => ({})));
    void shown.show(start);
    const endOne = (index: number) => {
      for (const event of ended[index] ?? []) void shown.show(event);
    };
    for (let index = 0; index < 50; index += 1) endOne(index);
    expect(written()).toBe('');
    vi.advanceTimersByTime(10_000);
    endOne(50);
    expect(written()).toMatch(/^sandbox: 51\/100 · 51 passed · 5\.1 tasks\/s · 9\.6 s left\n$/);
  });

  test.each<[string, Surroundings]>([
    ['in CI', { env: { CI: 'true' } }],
    ['on a dumb terminal', { env: { TERM: 'dumb' } }],
  ])('nothing is drawn %s', async (_, surroundings) => {
    const { shown, written } = progress(surroundings);
    const { start, ended, end } = await eventsOf([{ status: 'failed' }]);
    for (const event of [start, ...ended.flat(), end]) void shown.show(event);
    vi.advanceTimersByTime(5000);
    expect(written()).toBe(
      'sandbox: task-1: failed, exit code 1\nsandbox: 1 task in 1.5 s: 1 failed\n',
    );
  });

  test.each([true, false])('-q tells of failures only (terminal: %s)', async (isTTY) => {
    const { shown, written } = progress({ isTTY, quiet: true });
    const { start, ended, end } = await eventsOf([{ status: 'out-of-memory' }, {}]);
    for (const event of [start, ...ended.flat(), end]) void shown.show(event);
    vi.advanceTimersByTime(5000);
    expect(written()).toBe('sandbox: task-1: out of memory (limit 512 MiB), exit code 137\n');
  });

  test('what was cancelled is no failure', async () => {
    const { shown, written } = progress({ ...log, quiet: true });
    const { ended } = await eventsOf([{ status: 'cancelled' }, { status: 'not-run' }]);
    for (const event of ended.flat()) void shown.show(event);
    expect(written()).toBe('');
  });

  test('what somebody stopped by itself is named, with who it was', async () => {
    const { shown, written } = progress({ ...log, quiet: true });
    const reason = 'cancelled by `sandbox stop`, ended by SIGTERM';
    const picked = { status: 'cancelled', reason, stoppedByOther: true } as const;
    const { ended } = await eventsOf([picked, { status: 'cancelled' }]);
    for (const event of ended.flat()) void shown.show(event);
    expect(written()).toBe(`sandbox: task-1: ${reason}\n`);
  });

  test('stopping and trying again are told', async () => {
    const { shown, written } = progress(log);
    const { start, ended } = await eventsOf([{ status: 'failed' }]);
    const [began, over] = ended[0] ?? [];
    if (began?.kind !== 'task-started' || over?.kind !== 'task-ended')
      throw new Error('unexpected');
    const { task } = began;
    const row: BatchRow = over.row;
    void shown.show(start);
    void shown.show({ kind: 'task-retried', at, task, attempt: 1, row });
    void shown.show(began);
    const stopping = { kind: 'stopping', at, why: 'cancelled', signal: 'SIGINT' } as const;
    void shown.show({ ...stopping, kills: false });
    void shown.show({ ...stopping, kills: true });
    void shown.show({ ...stopping, signal: 'SIGPIPE', kills: true });
    void shown.show({ ...stopping, why: 'deadline', signal: null, kills: true });
    expect(written().split('\n')).toEqual([
      'sandbox: task-1: failed, exit code 1 · attempt 2 follows',
      'sandbox: interrupted: no more tasks are started, what runs (1) may finish (interrupt again to stop it)',
      'sandbox: interrupted: no more tasks are started, what runs (1) is stopped (interrupt again to kill it)',
      'sandbox: the reader of standard output went away: no more tasks are started, what runs (1) is stopped',
      'sandbox: the deadline of the batch passed: no more tasks are started, what runs (1) is stopped',
      '',
    ]);
  });
});

describe('output of tasks', () => {
  const print = (
    shown: BatchProgress,
    [index, stream, text]: readonly [number, 'stdout' | 'stderr', string],
  ) =>
    shown.show({
      kind: 'task-output',
      task: batchTask(index),
      stream,
      chunk: Buffer.from(text),
    });

  test('goes to the stream that it was printed to, as it is', () => {
    const { shown, written, printed } = progress({ isTTY: false });
    void print(shown, [0, 'stdout', 'a\u001b[31m\r\nno end']);
    void print(shown, [0, 'stderr', 'b\n']);
    expect([printed(), written()]).toEqual(['a\u001b[31m\r\nno end', 'b\n']);
  });

  test('--tag puts the id before each line, once, and never two tasks into one line', () => {
    const { shown, printed } = progress({ isTTY: false, tag: true });
    void print(shown, [0, 'stdout', 'one\ntw']);
    void print(shown, [0, 'stdout', 'o\n\n']);
    void print(shown, [0, 'stdout', 'open']);
    void print(shown, [1, 'stdout', 'other\n']);
    expect(printed()).toBe('task-1\tone\ntask-1\ttwo\ntask-1\t\ntask-1\topen\ntask-2\tother\n');
  });

  test('a full reader asks to wait, one that has gone is told of', async () => {
    const { shown, printed, stdout } = progress({ isTTY: false });
    const waiting = print(shown, [0, 'stdout', 'x'.repeat(100_000)]);
    expect(waiting).toBeInstanceOf(Promise);
    printed();
    await waiting;
    stdout.emit('error', new Error('EPIPE'));
    expect(() => void print(shown, [0, 'stdout', 'more'])).toThrow('EPIPE');
  });
});

describe('the line of counts', () => {
  const standing = {
    total: 1000,
    done: 412,
    running: 8,
    byStatus: { failed: 3, passed: 409 },
    stoppedByOther: 0,
    ratePerSecond: 12.34,
    remainingMs: 48_000,
  };
  const plain = createColors(false);

  test.each([
    [
      120,
      `${'█'.repeat(12)}${'░'.repeat(18)} 412/1,000 · 409 passed, 3 failed · 8 running · 12 tasks/s · 48 s left`,
    ],
    [72, '412/1,000 · 409 passed, 3 failed · 8 running · 12 tasks/s · 48 s left'],
    [60, '412/1,000 · 409 passed, 3 failed · 12 tasks/s · 48 s left'],
    [50, '412/1,000 · 409 passed, 3 failed · 48 s left'],
    [18, '███░░░░░ 412/1,000'],
    [17, '412/1,000'],
    [9, '412/1,000'],
    [5, '412/…'],
  ])('in %i columns', (columns, expected) => {
    expect(barLine(standing, columns, plain)).toBe(expected);
  });

  test('red begins with the first failure, however many tasks there are', () => {
    const mark = (name: string) => (text: unknown) => `${name}(${String(text)})`;
    const marks = { green: mark('g'), red: mark('r'), dim: String };
    const line = barLine({ ...standing, byStatus: { passed: 411, failed: 1 } }, 120, marks);
    expect(line).toMatch(/^g\(█{11}\)r\(█\)░{18} /);
  });

  test('it is red of what somebody picked out to end it, and of nothing else that is cancelled', () => {
    const mark = (name: string) => (text: unknown) => `${name}(${String(text)})`;
    const marks = { green: mark('g'), red: mark('r'), dim: mark('d') };
    const cancelled = { ...standing, byStatus: { passed: 410, cancelled: 2 } };
    const line = barLine({ ...cancelled, stoppedByOther: 1 }, 120, marks);
    expect(line).toContain('r(█)');
    expect(line).toContain('r(2 cancelled)');
    expect(barLine(cancelled, 120, marks)).toMatch(/r\(\).*d\(2 cancelled\)/);
  });

  test('a batch of no tasks has one, too', () => {
    const nothing = {
      ...standing,
      total: 0,
      done: 0,
      running: 0,
      byStatus: {},
      ratePerSecond: null,
      remainingMs: null,
    };
    expect(barLine(nothing, 40, plain)).toBe(`${'░'.repeat(30)} 0/0`);
  });
});

test('the rate is that of late, and falls while nothing ends', () => {
  const rate = new RateMeter(0);
  expect(rate.perSecond(1000)).toBeNull();
  for (let ms = 100; ms <= 60_000; ms += 100) rate.add(ms);
  expect(rate.perSecond(60_000)).toBeCloseTo(10, 1);
  // 20 in the next two seconds, long after a slow stretch.
  for (let ms = 600_000; ms < 602_000; ms += 100) rate.add(ms);
  expect(rate.perSecond(602_000)).toBeGreaterThan(5);
  expect(rate.perSecond(660_000)).toBeLessThan(1);
});

test.each([
  [123.4, '123 tasks/s'],
  [1.25, '1.3 tasks/s'],
  [0.5, '30 tasks/min'],
  [0.02, '1.2 tasks/min'],
])('%f in a second is %s', (perSecond, text) => {
  expect(rateText(perSecond)).toBe(text);
});

test.each([
  ['abcdef', 6, 'abcdef'],
  ['abcdef', 5, 'abcd…'],
  ['漢字漢字', 5, '漢字…'],
  ['漢字漢字', 8, '漢字漢字'],
  ['abc', 0, ''],
])('%s cut to %i columns', (text, columns, expected) => {
  expect(cut(text, columns)).toBe(expected);
  expect(widthOf(cut(text, columns))).toBeLessThanOrEqual(columns);
});
