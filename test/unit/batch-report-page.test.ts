import { describe, expect, test } from 'vitest';
import type { PageRow } from '../../src/report/batch/html/page-data.ts';
import { durationText, visible } from '../../src/report/batch/html/page/format.ts';
import { placed, taskAt } from '../../src/report/batch/html/page/lanes.ts';
import { type View, visibleRows } from '../../src/report/batch/html/page/rows.ts';
import { spansOf } from '../../src/report/batch/html/page/spans.ts';
import { binsOf, quantileMs, slowest } from '../../src/report/batch/html/page/statistics.ts';
import { tickText, ticksBetween } from '../../src/report/batch/html/page/ticks.ts';
import { batchRow } from './support/batch.ts';

function pageRow(index: number, changes: Partial<PageRow> = {}): PageRow {
  const { line, id, status, exitCode, attempts, reused, slot, reason, receipt, ...row } = batchRow(
    {},
    index,
  );
  return {
    ...{ index, line, id, status, exitCode, attempts, reused, slot, reason, receipt },
    command: row.command.join(' '),
    durationMs: row.durationMs,
    startMs: index * 1000,
    ...changes,
  };
}

const view: View = { text: '', statuses: new Set(), sortBy: 'status', descending: false };

describe('the table', () => {
  const rows = [
    pageRow(0, { id: 'build-2', durationMs: 30 }),
    pageRow(1, { id: 'build-10', durationMs: 10, status: 'failed' }),
    pageRow(2, {
      id: 'lint',
      durationMs: null,
      status: 'not-run',
      startMs: null,
      reason: 'HALTED',
    }),
    pageRow(3, { id: 'e2e', durationMs: 20, status: 'timed-out', command: 'npx Playwright' }),
  ];
  const ids = (changes: Partial<View>) =>
    visibleRows(rows, { ...view, ...changes }).map(({ id }) => id);

  test.each<[string, Partial<View>, string[]]>([
    ['what needs a look comes first', {}, ['build-10', 'e2e', 'lint', 'build-2']],
    ['by status', { statuses: new Set(['failed', 'passed']) }, ['build-10', 'build-2']],
    ['by id', { text: 'BUILD' }, ['build-10', 'build-2']],
    ['by command', { text: 'playwright' }, ['e2e']],
    ['by reason', { text: 'halted' }, ['lint']],
    ['by every word', { text: 'build 10' }, ['build-10']],
    ['numbers in ids are numbers', { sortBy: 'id' }, ['build-2', 'build-10', 'e2e', 'lint']],
    [
      'longest first',
      { sortBy: 'duration', descending: true },
      ['build-2', 'e2e', 'build-10', 'lint'],
    ],
    ['nothing', { text: 'nothing is like that' }, []],
  ])('%s', (_, changes, expected) => {
    expect(ids(changes)).toEqual(expected);
  });

  test('equals stay in the order of the file, also the other way around', () => {
    expect(ids({ sortBy: 'attempts', descending: true })).toEqual(ids({ sortBy: 'attempts' }));
  });
});

describe('durations', () => {
  const rows = [1, 10, 100, 1000, 10_000].map((durationMs, index) =>
    pageRow(index, { durationMs, status: index === 4 ? 'failed' : 'passed' }),
  );

  test('every task that ran is in a bin, and the bins touch', () => {
    const bins = binsOf([...rows, pageRow(5, { durationMs: null, startMs: null })]);
    const sum = (key: 'passed' | 'others') => bins.reduce((total, bin) => total + bin[key], 0);
    expect([sum('passed'), sum('others')]).toEqual([4, 1]);
    expect(bins.at(-1)?.others).toBe(1);
    for (const [at, bin] of bins.slice(1).entries())
      expect(bin.fromMs).toBeCloseTo(bins[at]?.toMs ?? 0);
  });

  test.each([
    [[5, 5, 5], 3],
    [[0, 0.2], 2],
    [[3_600_000], 1],
    [[], 0],
  ])('of %j', (times, count) => {
    const bins = binsOf(times.map((durationMs, index) => pageRow(index, { durationMs })));
    expect(bins.reduce((total, { passed }) => total + passed, 0)).toBe(count);
    for (const { fromMs, toMs } of bins) expect(toMs).toBeGreaterThan(fromMs);
  });

  test('quantiles and the slowest', () => {
    expect([0, 0.5, 0.95, 1].map((share) => quantileMs(rows, share))).toEqual([
      1, 100, 10_000, 10_000,
    ]);
    expect(quantileMs([], 0.5)).toBeNull();
    expect(slowest(rows, 2).map(({ durationMs }) => durationMs)).toEqual([10_000, 1000]);
  });

  test.each([
    [null, '–'],
    [0.4, '0 ms'],
    [38.2, '38 ms'],
    [1240, '1.2 s'],
    [9_970, '10 s'],
    [59_700, '1 min'],
    [185_000, '3 min 5 s'],
    [7_440_000, '2 h 4 min'],
  ])('%s ms are shown as %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});

describe('the timeline', () => {
  test.each([
    [0, 1000, 5, [0, 200, 400, 600, 800, 1000]],
    [130, 480, 4, [200, 300, 400]],
    [0, 3_600_000, 6, [0, 600_000, 1_200_000, 1_800_000, 2_400_000, 3_000_000, 3_600_000]],
  ])('ticks from %i to %i', (from, to, most, expected) => {
    expect(ticksBetween(from, to, most)).toEqual(expected);
  });

  test.each([
    [0, '0'],
    [250, '250 ms'],
    [1500, '1.5 s'],
    [150_000, '2:30'],
    [3_750_000, '1:02:30'],
  ])('%i is %s', (ms, text) => {
    expect(tickText(ms)).toBe(text);
  });

  test('finds the task under a point, or the nearest, and only in its lane', () => {
    const tasks = placed([
      pageRow(0, { slot: 0, startMs: 0, durationMs: 100 }),
      pageRow(1, { slot: 0, startMs: 110, durationMs: 1 }),
      pageRow(2, { slot: 1, startMs: 0, durationMs: 500 }),
      pageRow(3, { slot: null, startMs: null }),
    ]);
    expect(tasks).toHaveLength(3);
    const at = (lane: number, ms: number) => taskAt(tasks, { lane, ms }, 5)?.row.index ?? null;
    expect([at(0, 50), at(0, 108), at(0, 103), at(0, 300), at(1, 108)]).toEqual([0, 1, 0, null, 2]);
  });
});

describe('output', () => {
  test.each<[string, string, string[]]>([
    ['plain text stays', 'a\tb\nc', ['a\tb\nc']],
    ['colours', '\u001b[31mred\u001b[0m plain', ['ansi-red:red', ' plain']],
    [
      'bright, bold and dim',
      '\u001b[1;91ma\u001b[22mb\u001b[2mc',
      ['ansi-red bold:a', 'ansi-red:b', 'ansi-red dim:c'],
    ],
    ['a colour of a palette is none', '\u001b[38;5;1ma', ['a']],
    ['other sequences are spelled out', '\u001b[2Ja', ['control:\\x1b', '[2Ja']],
    ['lines of Windows are lines', 'a\r\nb\rc', ['a\nb', 'control:\\x0d', 'c']],
    ['what turns text around is spelled out', '\u202Ea', ['control:\\u202e', 'a']],
    ['markup is text', '<b>', ['<b>']],
    ['nothing', '', []],
  ])('%s', (_, text, expected) => {
    const spans = spansOf(text).map((span) =>
      span.look === '' ? span.text : `${span.look}:${span.text}`,
    );
    expect(spans).toEqual(expected);
  });

  test('a line has no control characters and nothing that turns it around', () => {
    expect(visible('a\nb\u0007\u2066c\u00e9')).toBe('a\\x0ab\\x07\\u2066c\u00e9');
  });
});
