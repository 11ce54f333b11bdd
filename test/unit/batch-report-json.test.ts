import * as v from 'valibot';
import { expect, test } from 'vitest';
import { batchLineSchema, batchLineText } from '../../src/report/batch/batch-json.ts';
import type { BatchEvent } from '../../src/run/batch/batch-event.ts';
import { batchOf, batchTask } from './support/batch.ts';

const at = '2025-01-01T00:00:01.500Z';
const { summary, readReceipt } = batchOf([
  { status: 'failed', stdout: 'a secret of the task', attempts: 2 },
  { status: 'not-run' },
]);
const [failed, notRun] = summary.tasks;
if (!failed || !notRun) throw new Error('the batch has two tasks');
const task = batchTask(0);
const now = new Date(at);

const receipt = await readReceipt(failed);
const progress = { kind: 'begin', what: 'pull', reference: 'debian', platform: null } as const;
const events: readonly BatchEvent[] = [
  { kind: 'batch-started', at, total: 2, jobs: 4 },
  { kind: 'task-started', at, task, slot: 0, attempt: 1 },
  { kind: 'task-event', task, event: { kind: 'warning', message: 'isolation: none' } },
  { kind: 'task-event', task, event: { kind: 'image', progress } },
  { kind: 'task-event', task, event: { kind: 'started' } },
  { kind: 'task-output', task, stream: 'stdout', chunk: Buffer.from('a secret of the task') },
  { kind: 'task-retried', at, task, attempt: 1, row: failed },
  { kind: 'task-ended', at, task, row: failed, receipt },
  { kind: 'stopping', at, why: 'halted', signal: null, kills: false },
  { kind: 'task-ended', at, task: batchTask(1), row: notRun, receipt: null },
  { kind: 'batch-ended', at, summary },
];
const texts = events.map((event) => batchLineText(event, now));
const lines = texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as unknown]));

test('each line is one object of the published shape', () => {
  for (const line of lines) v.parse(batchLineSchema, line);
  for (const text of texts) if (text !== null) expect(text).toMatch(/^\{[^\n]*\}\n$/);
});

test('the lines tell the whole batch, and when', () => {
  expect(lines.map((line) => (line as { event: string }).event)).toEqual([
    'batch-started',
    'task-started',
    'task-warning',
    'task-retried',
    'task-ended',
    'stopping',
    'task-ended',
    'batch-ended',
  ]);
  expect(lines).toEqual(lines.map(() => expect.objectContaining({ at }) as unknown));
  expect(lines[1]).toEqual({
    event: 'task-started',
    at,
    id: 'task-1',
    index: 0,
    line: 1,
    slot: 0,
    attempt: 1,
  });
  expect(lines[4]).toEqual({ event: 'task-ended', at, ...failed });
  expect(lines.at(-1)).toMatchObject({ ending: 'completed', counts: summary.counts });
});

test('what a task printed is not in them, and where its receipt is, is', () => {
  expect(texts.join('')).not.toContain('secret');
  expect(texts.join('')).toContain('"receipt":"/srv/app.receipts/task-1.json"');
});
