import { expect, test } from 'vitest';
import type { BatchRow } from '../../src/receipt/batch-summary.ts';
import { composeBatchSummary } from '../../src/receipt/compose-batch-summary.ts';
import { summaryText } from '../../src/receipt/summary-text.ts';

const row: BatchRow = {
  ...{ index: 0, line: null, id: 'a', command: ['echo', 'a\n"b"', '"tasks": []'] },
  ...{ status: 'passed', exitCode: 0, stoppedByOther: false, attempts: 1, reused: false, slot: 0 },
  ...{ startedAt: null, finishedAt: null, durationMs: 1, reason: null, receipt: null },
};

test.each([0, 1, 199, 200, 201, 1000])('the text of %i tasks in parts is that in one', (count) => {
  const summary = composeBatchSummary({
    ...{ name: 'n', file: '"tasks": []', jobs: 1, ending: 'completed', signal: null },
    ...{ startedAt: new Date(0), finishedAt: new Date(1), durationMs: 1 },
    rows: Array.from({ length: count }, (_, index) => ({ ...row, index })),
    leftBehind: ['"tasks": []\n'],
  });
  const parts = [...summaryText(summary)];
  expect(parts.join('')).toBe(JSON.stringify(summary, null, 2));
  expect(Math.max(...parts.map((part) => part.length))).toBeLessThan(200_000);
});
