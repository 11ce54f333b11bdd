import { endingSentence } from '../../receipt/ending-sentence.ts';
import type { Receipt } from '../../receipt/receipt.ts';
import { commandText } from '../command-text.ts';
import { endText, evidenceFacts } from '../evidence-facts.ts';
import { type FactRow, factTable } from './fact-table.ts';
import { limitRows } from './limit-rows.ts';
import { streamText } from './output-lines.ts';
import { secondsTime, tookText } from './receipt-table.ts';
import { workspaceRows } from './workspace-rows.ts';

/** What a person wants to know of one task. Harmless on a terminal. */
export function receiptText(receipt: Receipt, path: string | null): string {
  const rows: readonly FactRow[] = [
    ['id', receipt.id],
    ['status', statusText(receipt)],
    ...errorRows(receipt),
    ['exit code', exitText(receipt)],
    ['command', commandText(receipt.command)],
    ...evidenceRows(receipt),
    ...timingRows(receipt),
    ...placeRows(receipt),
    ...limitRows(receipt),
    ...workspaceRows(receipt),
    ['receipt', path],
  ];
  return (
    factTable(rows) + streamText('stdout', receipt.stdout) + streamText('stderr', receipt.stderr)
  );
}

/** In the spelling of every list, so that it can be searched for. */
function statusText(receipt: Receipt): string {
  const words = receipt.status.replaceAll('-', ' ');
  const why = endingSentence(receipt) ?? '';
  if (why === '') return receipt.status;
  const isTold = why.startsWith(words);
  return receipt.status + (isTold ? why.slice(words.length) : `: ${why}`);
}

/** The message is in the status. */
function errorRows({ error }: Receipt): FactRow[] {
  if (error === null) return [];
  return [
    ['error', error.code],
    ['what to do', error.hint],
  ];
}

function exitText({ exitCode, task, status }: Receipt): string {
  const own = task === null ? 'how the command ended is not known' : endText(task);
  const isTold = task?.exitCode === exitCode && task.signal === null;
  if (isTold || own === null) return String(exitCode);
  const never = status === 'not-started' ? 'the command was not started' : own;
  return `${exitCode} (${task === null ? never : `the command: ${own}`})`;
}

/** How the command ended stands with the exit code. */
function evidenceRows(receipt: Receipt): FactRow[] {
  return evidenceFacts(receipt).map(([title, text]) => [title.toLowerCase(), text]);
}

function timingRows({ timing: { startedAt, finishedAt, durationMs, phases } }: Receipt): FactRow[] {
  const shown = Object.entries(phases).map(([phase, ms]) => `${phase} ${Math.round(ms)} ms`);
  return [
    ['started', startedAt === null ? 'never' : secondsTime(startedAt)],
    ['finished', finishedAt === null ? 'not seen' : secondsTime(finishedAt)],
    ['took', durationMs === null ? 'not known' : tookText(durationMs)],
    ['phases', shown.join(', ')],
  ];
}

function placeRows(receipt: Receipt): FactRow[] {
  const { image, engine, isolation, network, user, mounts, secrets, environment } = receipt;
  const level = isolation.level ?? 'not known';
  const imageNotes = image && [image.origin, `profile ${image.profile}`, image.digest ?? image.id];
  return [
    ['image', image && `${image.reference} (${imageNotes?.filter(Boolean).join(', ') ?? ''})`],
    [
      'engine',
      engine &&
        [engine.product ?? engine.name, engine.version, engine.runtime].filter(Boolean).join(' '),
    ],
    ['isolation', isolation.simulated === true ? `${level}, simulated` : level],
    ['loosened', isolation.loosened.join('\n')],
    ['not enforced', isolation.notEnforced.join('\n')],
    ['network', network.name],
    ['user', user],
    [
      'mounts',
      mounts
        .map((mount) => `${mount.source} at ${mount.target}${mount.readOnly ? ', read-only' : ''}`)
        .join('\n'),
    ],
    ['secrets', secrets.join(', ')],
    ['variables', environment.join(', ')],
  ];
}
