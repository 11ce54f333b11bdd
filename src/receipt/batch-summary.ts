import * as v from 'valibot';
import { statuses } from '../outcome/outcome.ts';

export const batchSummarySchemaId = 'sandbox-run/batch/v1';

const said = <T extends v.GenericSchema>(schema: T, description: string) =>
  v.pipe(schema, v.description(description));
const text = v.string();
const time = v.nullable(v.pipe(v.string(), v.isoTimestamp()));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** What became of a task of a batch: as its receipt says, or it never ran. */
export const rowStatuses = [...statuses, 'not-run'] as const;
export type RowStatus = (typeof rowStatuses)[number];

/**
 * How a batch ended; `halted` is what --halt did, `deadline` what --deadline did, `output-lost` an output that could
 * not be written although its reader was there.
 */
const batchEndings = ['completed', 'halted', 'deadline', 'cancelled', 'output-lost'] as const;

const rowSchema = v.strictObject({
  index: said(count, 'From 0, in the order of the file.'),
  line: said(v.nullable(count), 'Where the task stands in the file, from 1.'),
  id: text,
  command: said(v.array(text), 'The program and its arguments.'),
  status: v.picklist(rowStatuses),
  exitCode: said(v.nullable(v.number()), 'As in its receipt; null where it never ran.'),
  stoppedByOther: said(
    v.boolean(),
    'True where somebody cancelled this one task, with `sandbox stop` or through the engine: an error.',
  ),
  attempts: said(count, 'How often it was run in this batch.'),
  reused: said(v.boolean(), 'True where an earlier receipt of the same task was taken (--resume).'),
  slot: said(v.nullable(count), 'Which of the --jobs slots ran it last, from 0.'),
  startedAt: said(
    time,
    'When its last attempt began, with all preparation; null where it never ran.',
  ),
  finishedAt: said(time, 'When its receipt was written.'),
  durationMs: said(v.nullable(v.number()), 'Between the two, by the monotonic clock.'),
  reason: said(
    v.nullable(text),
    'What ended it, in words; null where the command ended by itself.',
  ),
  receipt: said(v.nullable(text), 'Path of its receipt; null where it has none.'),
});

/** The record of a batch, written once it has ended. */
export const batchSummarySchema = v.pipe(
  v.strictObject({
    schema: v.literal(batchSummarySchemaId),
    name: said(text, 'Of the batch file without its ending, or `batch` for standard input.'),
    ending: v.picklist(batchEndings),
    exitCode: said(v.number(), 'What `sandbox batch` returned.'),
    file: said(v.nullable(text), 'Path of the batch file; null for standard input.'),
    jobs: said(count, 'How many tasks could run at once.'),
    startedAt: v.pipe(v.string(), v.isoTimestamp()),
    finishedAt: v.pipe(v.string(), v.isoTimestamp()),
    durationMs: v.number(),
    counts: said(
      v.strictObject({
        total: count,
        reused: said(count, 'Of those that passed or failed before and were not run again.'),
        byStatus: said(
          v.record(v.picklist(rowStatuses), count),
          'Every status, also those that no task had; they add up to the total.',
        ),
      }),
      'Each task counts once, with its last attempt.',
    ),
    tasks: v.array(rowSchema),
    leftBehind: said(
      v.array(text),
      "What of its tasks could not be removed, by the engine's own names, and why. The next sandbox command tries again.",
    ),
    tool: v.strictObject({ name: text, version: text, commit: v.nullable(text) }),
  }),
  v.title('BatchSummary'),
);

export type BatchSummary = Readonly<v.InferOutput<typeof batchSummarySchema>>;
export type BatchRow = Readonly<v.InferOutput<typeof rowSchema>>;
export type BatchCounts = BatchSummary['counts'];
