import type { Receipt } from '../../../receipt/receipt.ts';
import { formatDuration } from '../../../spec/duration.ts';
import { elapsedText, sizeText } from '../../progress-text.ts';
import { outputTails } from '../receipt-output.ts';
import type { PageDetail } from './page-data.ts';

/** Of both streams of one task together. */
const mostOutputBytes = 64 * 1024;
const mostFactCharacters = 4000;

/** What the receipt knows of how the task ended. */
export function detailOf(receipt: Receipt): PageDetail {
  const { stdout, stderr } = outputTails(receipt, mostOutputBytes);
  return { facts: factsOf(receipt), output: { stdout, stderr } };
}

function factsOf(receipt: Receipt): PageDetail['facts'] {
  const { error, task, image, isolation, engine } = receipt;
  const facts: readonly (readonly [string, string | null])[] = [
    ['Error', error && [error.message, error.hint ?? ''].join('\n').trim()],
    ['Command ended', task && endText(task)],
    ...evidenceFacts(receipt),
    ['Image', image?.reference ?? null],
    ['Isolation', isolation.level],
    ['Engine', engine?.product ?? engine?.name ?? null],
    ['Not enforced', isolation.notEnforced.join(', ')],
    ['Workspace', receipt.workspace.path],
  ];
  return facts.flatMap(([label, text]) =>
    text === null || text === '' ? [] : [[label, text.slice(0, mostFactCharacters)] as const],
  );
}

function evidenceFacts({ evidence, limits, timing }: Receipt): [string, string | null][] {
  const { deadline, workspaceLimit, signalsSent, oomKills, cancelledBy, stoppedBy } = evidence;
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
    ['Cancelled by', cancellerText(cancelledBy, stoppedBy)],
    ['Output', isCut ? 'not complete: a stream had not ended' : null],
    ['Left behind', evidence.removed === false ? 'the engine did not confirm its removal' : null],
    ['Still running', evidence.mayStillRun ? 'perhaps: its end was not seen' : null],
  ];
}

function endText({ exitCode, signal }: NonNullable<Receipt['task']>): string | null {
  if (signal !== null) return exitCode === null ? signal : `${signal} (exit code ${exitCode})`;
  return exitCode === null ? null : `exit code ${exitCode}`;
}

function sentText({ signal, afterMs }: { signal: string; afterMs: number }): string {
  return `${signal} after ${elapsedText(afterMs)}`;
}

function limitText(bytes: number | null): string {
  return bytes === null ? 'none' : sizeText(bytes);
}

function cancellerText(signal: string | null, by: Receipt['evidence']['stoppedBy']): string | null {
  if (by === 'sandbox stop') return '`sandbox stop`';
  return by === 'engine' ? `${signal ?? 'no signal'} of somebody else` : signal;
}
