import type { Canceller } from '../outcome/cancellation.ts';
import { formatDuration } from '../spec/duration.ts';
import type { Receipt } from './receipt.ts';

/** What ended a task, in words; null where the command ended by itself. */
export function endingSentence(receipt: Receipt): string | null {
  const { status, error, limits, timing, evidence } = receipt;
  const signals = evidence.signalsSent.map(({ signal }) => signal).join(', then ');
  const endedBy = signals === '' ? '' : `, ended by ${signals}`;
  switch (status) {
    case 'passed':
    case 'failed':
      return null;
    case 'timed-out': {
      const limit = formatDuration(limits.requested.timeoutMs ?? 0);
      return `timed out after ${seconds(timing.durationMs)} (limit ${limit})${endedBy}`;
    }
    case 'out-of-memory':
      return `out of memory (limit ${mebibytes(limits.requested.memoryBytes)}), exit code ${receipt.exitCode}`;
    case 'workspace-limit': {
      const { limitBytes, seenBytes } = evidence.workspaceLimit ?? {
        limitBytes: null,
        seenBytes: null,
      };
      return `the workspace grew by ${mebibytes(seenBytes)} (limit ${mebibytes(limitBytes)})${endedBy}`;
    }
    case 'cancelled':
      if (evidence.stoppedBy === 'engine') {
        return `cancelled by somebody else, through the engine (${evidence.cancelledBy ?? 'no signal'})`;
      }
      return evidence.cancelledBy === 'SIGPIPE'
        ? `cancelled: the reader of the output went away${endedBy}`
        : `cancelled by ${cancellerText(evidence) ?? 'the caller'}${endedBy}`;
    case 'not-started':
      return error?.message ?? 'not started';
    case 'engine-failed':
      return `${error?.message ?? 'the engine failed'}${evidence.mayStillRun ? ' (the task may still be running)' : ''}`;
  }
}

const stoppers: Readonly<Record<Canceller, string>> = {
  'sandbox stop': '`sandbox stop`',
  'batch deadline': "the batch's deadline",
  'batch halt': "the batch's --halt",
  'batch output': 'the batch, whose output could not be written',
};

/** Who or what cancelled a task, in words; null where nobody did. */
export function cancellerText({ stoppedBy, cancelledBy }: Receipt['evidence']): string | null {
  if (stoppedBy === 'engine') return `${cancelledBy ?? 'no signal'} of somebody else`;
  return stoppedBy === null ? cancelledBy : stoppers[stoppedBy];
}

export function seconds(ms: number | null): string {
  return ms === null ? '? s' : `${(ms / 1000).toFixed(1)} s`;
}

function mebibytes(bytes: number | null): string {
  return bytes === null ? 'none' : `${Math.round(bytes / 1024 ** 2)} MiB`;
}
