import { cancellerText } from '../receipt/ending-sentence.ts';
import type { Receipt } from '../receipt/receipt.ts';
import { formatDuration } from '../spec/duration.ts';
import { elapsedText, sizeText } from './progress-text.ts';

/** What is known of how a task ended; null where there is nothing to say. */
export function evidenceFacts({ evidence, limits, timing }: Receipt): [string, string | null][] {
  const { deadline, workspaceLimit, signalsSent, oomKills } = evidence;
  // What never started had no streams to end.
  const isCut = timing.startedAt !== null && !evidence.outputComplete;
  const memory = limits.enforced?.memoryBytes ?? limits.requested.memoryBytes;
  return [
    [
      'Deadline',
      deadline &&
        `${formatDuration(deadline.limitMs)}, passed after ${elapsedText(deadline.passedAfterMs)}`,
    ],
    ['Signals sent', signalsSent.map(sentText).join(', then ')],
    ['Kills for memory', oomKills ? `${oomKills} (limit ${limitText(memory)})` : null],
    [
      'Workspace limit',
      workspaceLimit &&
        `${sizeText(workspaceLimit.limitBytes)}, seen ${sizeText(workspaceLimit.seenBytes)}`,
    ],
    ['Cancelled by', cancellerText(evidence)],
    ['Output', isCut ? 'not complete: a stream had not ended' : null],
    ['Left behind', evidence.removed === false ? 'the engine did not confirm its removal' : null],
    ['Still running', evidence.mayStillRun ? 'perhaps: its end was not seen' : null],
  ];
}

/** How the command itself ended. */
export function endText({ exitCode, signal }: NonNullable<Receipt['task']>): string | null {
  if (signal !== null) return exitCode === null ? signal : `${signal} (exit code ${exitCode})`;
  return exitCode === null ? null : `exit code ${exitCode}`;
}

function sentText({ signal, afterMs }: { signal: string; afterMs: number }): string {
  return `${signal} after ${elapsedText(afterMs)}`;
}

function limitText(bytes: number | null): string {
  return bytes === null ? 'none' : sizeText(bytes);
}
