import { exitCodes } from '../../outcome/exit-code.ts';
import type { BatchRow } from '../../receipt/batch-summary.ts';
import { endingSentence } from '../../receipt/ending-sentence.ts';
import type { BatchTask } from '../../spec/batch/batch-task.ts';
import type { Attempt } from './retry-policy.ts';

export interface AttemptPlace {
  readonly slot: number;
  readonly attempt: number;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly durationMs: number;
}

/** What a batch's summary says of a task after one attempt. */
export function rowOf(task: BatchTask, attempt: Attempt, place: AttemptPlace): BatchRow {
  return {
    ...identity(task),
    ...endOf(task, attempt),
    attempts: place.attempt,
    reused: false,
    slot: place.slot,
    startedAt: place.startedAt.toISOString(),
    finishedAt: place.finishedAt.toISOString(),
    durationMs: place.durationMs,
  };
}

export function rowOfNotRun(task: BatchTask): BatchRow {
  return {
    ...identity(task),
    ...{
      status: 'not-run',
      exitCode: null,
      stoppedByOther: false,
      attempts: 0,
      reused: false,
      slot: null,
    },
    ...{ startedAt: null, finishedAt: null, durationMs: null, reason: null, receipt: null },
  };
}

function identity({ index, line, spec }: BatchTask) {
  return { index, line, id: spec.id, command: [...spec.command] };
}

/** Where it was neither a signal nor the batch itself that cancelled. */
const othersHands = ['sandbox stop', 'engine'] as const;

/** Without a receipt the sandbox failed, before the task began or when its receipt was to be written. */
function endOf({ spec }: BatchTask, attempt: Attempt) {
  if (attempt.receipt !== null) {
    const { status, exitCode, evidence } = attempt.receipt;
    const stoppedByOther = othersHands.some((other) => other === evidence.stoppedBy);
    const reason = endingSentence(attempt.receipt);
    return { status, exitCode, stoppedByOther, reason, receipt: spec.receiptPath };
  }
  const status = attempt.hasStarted ? ('engine-failed' as const) : ('not-started' as const);
  const { message } = attempt.failure;
  const exitCode = exitCodes.sandboxFailed;
  return { status, exitCode, stoppedByOther: false, reason: message, receipt: null };
}
