import * as v from 'valibot';
import type { BatchRow } from '../../receipt/batch-summary.ts';
import { endingSentence } from '../../receipt/ending-sentence.ts';
import { type ReceiptFile, readFoundReceipt } from '../../receipt/receipt-file.ts';
import { type Receipt, receiptSchema } from '../../receipt/receipt.ts';
import type { Status } from '../../outcome/outcome.ts';
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

/** What an earlier run of a task left. */
export type Earlier =
  | { readonly kind: 'none' }
  /** What lies there is no receipt as we write it. */
  | { readonly kind: 'odd'; readonly reason: string }
  | { readonly kind: 'row'; readonly row: BatchRow; readonly image: Receipt['image'] };

/**
 * The row of an earlier run of exactly this task, by its receipt. What is not wholly a receipt counts as none: then
 * the task runs, and its receipt replaces what lies there.
 */
export async function earlierOf(
  { index, line, spec }: BatchTask,
  policy: ResumePolicy,
): Promise<Earlier> {
  if (policy === 'nothing') return { kind: 'none' };
  const file = await readFoundReceipt(spec.receiptPath);
  if (file.kind === 'missing') return { kind: 'none' };
  if (file.kind !== 'receipt') return { kind: 'odd', reason: oddity(file) };
  const parsed = v.safeParse(receiptSchema, file.value);
  if (!parsed.success) return { kind: 'odd', reason: issueText(parsed.issues[0]) };
  const { id, status, exitCode, timing, image } = parsed.output;
  const counts = policy === 'passed' ? status === 'passed' : ownEndings.includes(status);
  const isSame = id === spec.id && parsed.output.taskDigest === taskDigest(spec);
  if (!counts || !isSame) return { kind: 'none' };
  const reason = contradictionIn(parsed.output);
  if (reason !== null) return { kind: 'odd', reason };
  const { startedAt, finishedAt } = timing;
  // As of those that run now: whole milliseconds.
  const durationMs = timing.durationMs === null ? null : Math.round(timing.durationMs);
  const row: BatchRow = {
    ...{ index, line, id, command: [...spec.command], status, exitCode },
    ...{ startedAt, finishedAt, durationMs, stoppedByOther: false, attempts: 0, reused: true },
    ...{ slot: null, reason: endingSentence(parsed.output), receipt: spec.receiptPath },
  };
  return { kind: 'row', row, image };
}

function oddity(file: Exclude<ReceiptFile, { kind: 'receipt' | 'missing' }>): string {
  return file.kind === 'unreadable' ? file.reason : 'it is no receipt of ours';
}

function issueText(issue: v.BaseIssue<unknown>): string {
  return `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`;
}

/** What the schema cannot say: a task that ended has been started, and its exit code says the same as its status. */
function contradictionIn({ status, exitCode, timing }: Receipt): string | null {
  if ((status === 'passed') !== (exitCode === 0)) return `${status} with exit code ${exitCode}`;
  for (const time of [timing.startedAt, timing.finishedAt]) {
    if (time === null || Number.isNaN(Date.parse(time)))
      return `${status} at no time that there is`;
  }
  return timing.durationMs === null ? `${status} without a duration` : null;
}
