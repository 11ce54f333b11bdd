import * as v from 'valibot';
import type { BatchRow } from '../../receipt/batch-summary.ts';
import { readReceiptJson } from '../../receipt/read-receipt.ts';
import { receiptSchemaId } from '../../receipt/receipt.ts';
import { type Status, statuses } from '../../outcome/outcome.ts';
import { taskDigest } from '../../spec/task-digest.ts';
import type { BatchTask } from '../../spec/batch/batch-task.ts';

/** Which earlier endings of the same task are taken instead of running it again. */
export type ResumePolicy = 'nothing' | 'ended' | 'passed';

/** Of those the command itself, or a limit of its own, was the end. */
const ownEndings: readonly Status[] = [
  'passed',
  'failed',
  'timed-out',
  'out-of-memory',
  'workspace-limit',
];

const earlierSchema = v.object({
  schema: v.literal(receiptSchemaId),
  id: v.string(),
  taskDigest: v.string(),
  status: v.picklist(statuses),
  exitCode: v.number(),
  timing: v.object({
    startedAt: v.nullable(v.string()),
    finishedAt: v.nullable(v.string()),
    durationMs: v.nullable(v.number()),
  }),
});

/**
 * The row of an earlier run of exactly this task, by its receipt; null where there is none that counts. What cannot
 * be read counts as none: then the task runs, and its receipt replaces what lies there.
 */
export async function earlierRow(task: BatchTask, policy: ResumePolicy): Promise<BatchRow | null> {
  if (policy === 'nothing') return null;
  const { index, line, spec } = task;
  const found = v.safeParse(earlierSchema, await readReceiptJson(spec.receiptPath));
  if (!found.success) return null;
  const { id, status, exitCode, timing } = found.output;
  const counts = policy === 'passed' ? status === 'passed' : ownEndings.includes(status);
  if (!counts || id !== spec.id || found.output.taskDigest !== taskDigest(spec)) return null;
  return {
    ...{ index, line, id, command: [...spec.command], status, exitCode, ...timing },
    ...{
      // As of those that run now: whole milliseconds.
      durationMs: timing.durationMs === null ? null : Math.round(timing.durationMs),
      stoppedByOther: false,
      attempts: 0,
      reused: true,
      slot: null,
      reason: null,
      receipt: spec.receiptPath,
    },
  };
}
