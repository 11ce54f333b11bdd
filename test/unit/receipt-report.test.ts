import { expect, test } from 'vitest';
import { parseLimit, parseSince, parseStatuses } from '../../src/receipt/receipt-filter.ts';
import { glanceOf } from '../../src/receipt/receipt-glance.ts';
import type { ReceiptRow } from '../../src/receipt/receipt-listing.ts';
import { widthOf } from '../../src/report/columns.ts';
import { harmless } from '../../src/report/receipts/output-lines.ts';
import { statsOf } from '../../src/report/receipts/receipt-stats.ts';
import { receiptTable } from '../../src/report/receipts/receipt-table.ts';
import { receiptText } from '../../src/report/receipts/receipt-text.ts';
import { statsText } from '../../src/report/receipts/stats-text.ts';
import { type ReceiptChanges, receiptOf } from './support/receipt-files.ts';

/** No control character but the ends of lines, and nothing that turns the order of a line. */
const harmlessText = /^[^\p{Cc}\p{Bidi_Control}]*$/u;
const hostile = '\u001b]0;owned\u0007\u001b[2J\r\u009b31m\u202eevil\nforged';

function row(id: string, changes: ReceiptChanges = {}): ReceiptRow {
  const seen = glanceOf(receiptOf(id, changes));
  if (!('glance' in seen)) throw new Error(seen.wrong);
  return { ...seen.glance, path: `/r/${id}.json`, writtenAt: '2025-03-01T00:00:00.000Z' };
}

function expectHarmless(text: string): void {
  for (const line of text.split('\n')) expect(line).toMatch(harmlessText);
}

test('a table of hostile receipts is harmless, one line each, and no wider than the terminal', () => {
  const rows = [row(hostile, { command: [hostile, '漢字'.repeat(80)] }), row('plain')];
  const text = receiptTable(rows, 120);
  expectHarmless(text);
  const lines = text.trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(120);
  expect(receiptTable([row('plain', { command: ['echo', 'x'.repeat(300)] })], null)).toContain(
    'x'.repeat(300),
  );
});

test('what a hostile receipt is shown as is harmless', () => {
  const file = { kind: 'file', size: 1, mode: '644', sha256: null, linkTarget: null } as const;
  const made = receiptOf(hostile);
  const receipt = receiptOf(hostile, {
    command: [hostile],
    user: hostile,
    secrets: [hostile],
    error: { code: 'engine-error', message: hostile, hint: hostile },
    status: 'engine-failed',
    stdout: { ...made.stdout, text: hostile, tail: { text: hostile, base64: null } },
    stderr: {
      ...made.stderr,
      text: null,
      base64: Buffer.from([0xff, 0x1b, 0x0a]).toString('base64'),
    },
    workspace: {
      ...made.workspace,
      path: hostile,
      changes: {
        ...{ changed: [], removed: [], complete: false, limitsReached: [hostile] },
        added: [{ ...file, path: hostile, pathBase64: null }],
      },
    },
  });
  expectHarmless(receiptText(receipt, hostile));
  expectHarmless(statsText(statsOf([row(hostile, { command: [hostile] })])));
  expect(harmless('a\tb\r\n\u001b[31mc\n')).toBe('a\tb\n\\x1b[31mc\n');
});

test('a limit that was not in force is called so', () => {
  const made = receiptOf('x');
  const enforced = { ...made.limits.enforced, memoryBytes: null };
  const limits = { ...made.limits, enforced } as typeof made.limits;
  expect(receiptText(receiptOf('x', { limits }), null)).toMatch(/^memory +512m, not enforced$/m);
  const unknown = receiptOf('x', { limits: { ...made.limits, enforced: null } });
  expect(receiptText(unknown, null)).toMatch(/^memory +512m, not known whether it was in force$/m);
});

test('the time limit has a row of its own, and the status is spelled as in a list', () => {
  const made = receiptOf('x');
  const without = { ...made.limits.requested, timeoutMs: null };
  const limits = { requested: without, enforced: null };
  const text = receiptText(receiptOf('x', { limits, status: 'timed-out' }), null);
  expect(text).toMatch(/^time limit +none$/m);
  expect(text).toMatch(/^status +timed-out after /m);
});

test('output with a middle that is not there says how much is missing', () => {
  const { stdout } = receiptOf('x');
  const lines = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => `line ${from + index}\n`).join('');
  const cutApart = {
    ...{ ...stdout, text: lines(1, 30), truncated: true, omittedBytes: 1234, bytes: 9999 },
    tail: { text: lines(500, 30), base64: null },
  };
  const text = receiptText(receiptOf('x', { stdout: cutApart }), null);
  expect(text).toContain('stdout: 9999 bytes\n| line 1\n');
  expect(text).toContain(
    '| line 20\n… 20 more lines, and 1234 bytes that the receipt does not have …\n| line 510\n',
  );
  expect(text).toContain('| line 529\n');
});

test('counts, rates and durations are of what is known', () => {
  const timed = (id: string, durationMs: number | null, status: 'passed' | 'failed' = 'passed') =>
    row(id, { status, command: [status], timing: { durationMs } });
  const rows = [
    ...Array.from({ length: 20 }, (_, index) => timed(`p${index}`, (index + 1) * 10)),
    timed('f1', 5, 'failed'),
    row('n', { status: 'not-started', command: ['failed'], timing: { durationMs: null } }),
    row('c', { status: 'cancelled', command: ['cancelled'], timing: { durationMs: null } }),
  ];
  const stats = statsOf(rows);
  expect(stats).toMatchObject({
    ...{ total: 23, passRate: 20 / 23, unknownDurations: 2 },
    byStatus: { passed: 20, failed: 1, 'not-started': 1, cancelled: 1, 'timed-out': 0 },
    durations: { count: 21, minMs: 5, medianMs: 100, p95Ms: 190, maxMs: 200, totalMs: 2105 },
    failing: [{ command: 'failed', failures: 2, total: 2 }],
  });
  expect(stats.slowest.map(({ id }) => id)).toEqual(['p19', 'p18', 'p17', 'p16', 'p15']);
});

test('of nothing nothing is known', () => {
  const stats = statsOf([]);
  expect(stats).toMatchObject({ total: 0, passRate: null, durations: null, from: null });
  expect(statsText(stats)).toBe('RECEIPTS  0\n');
});

test('--since takes how long ago, or a date, which is UTC unless it says otherwise', () => {
  const now = Date.parse('2026-01-02T12:00:00Z');
  const at = (text: string) => new Date(parseSince(text, now)).toISOString();
  expect(at('2h')).toBe('2026-01-02T10:00:00.000Z');
  expect(at('90')).toBe('2026-01-02T11:58:30.000Z');
  expect(at('2026-01-01')).toBe('2026-01-01T00:00:00.000Z');
  expect(at('2026-01-01 08:30')).toBe('2026-01-01T08:30:00.000Z');
  expect(at('2026-01-01T08:30:10+02:00')).toBe('2026-01-01T06:30:10.000Z');
  for (const wrong of ['', 'soon', '2026-13-01', '2026-01-01T25:00', '-1h'])
    expect(() => parseSince(wrong, now)).toThrow('expected how long ago');
});

test('--status and --limit say what they expect', () => {
  expect(parseStatuses('failed,timed-out')).toEqual(['failed', 'timed-out']);
  expect(() => parseStatuses('failed,time-out')).toThrow('did you mean timed-out?');
  expect(parseLimit('3')).toBe(3);
  for (const wrong of ['0', '-1', 'x', '1.5'])
    expect(() => parseLimit(wrong)).toThrow('at least 1');
});
