import type { BatchSummary } from '../../receipt/batch-summary.ts';
import type { BatchEvent } from '../../run/batch/batch-event.ts';
import { elapsedText } from '../progress-text.ts';
import { printable } from '../terminal.ts';
import { firstLine } from './receipt-output.ts';
import { countText, countsText, endingText } from './row-text.ts';

type EventOf<Kind extends BatchEvent['kind']> = Extract<BatchEvent, { kind: Kind }>;

/** `lint: failed, exit code 2 · the first line of its stderr`, or what to do where the task could not say anything. */
export function troubleText({ row, receipt }: EventOf<'task-ended'>): string {
  const hint = row.status === 'not-started' ? receipt?.error?.hint : null;
  const said = hint ?? (receipt === null ? '' : firstLine(receipt.stderr));
  return printable(`${row.id}: ${endingText(row)}${said === '' ? '' : ` · ${said}`}`);
}

export function retryText({ row, attempt }: EventOf<'task-retried'>): string {
  return printable(`${row.id}: ${endingText(row)} · attempt ${attempt + 1} follows`);
}

const causes = {
  halted: '--halt',
  deadline: 'the deadline of the batch passed',
  cancelled: 'interrupted',
  'output-lost': 'standard output cannot be written',
} as const;

export function stoppingText(event: EventOf<'stopping'>, running: number): string {
  const { why, signal, kills } = event;
  const isUnread = why === 'cancelled' && signal === 'SIGPIPE';
  const cause = isUnread ? 'the reader of standard output went away' : causes[why];
  if (running === 0) return `${cause}: no more tasks are started`;
  const what = `${cause}: no more tasks are started, what runs (${countText(running)})`;
  // Who has gone away interrupts no more, and nobody was asked about a limit of the batch.
  const next = why === 'cancelled' && !isUnread;
  if (kills) return `${what} is stopped${next ? ' (interrupt again to kill it)' : ''}`;
  return `${what} may finish${next ? ' (interrupt again to stop it)' : ''}`;
}

const endings: Readonly<Record<BatchSummary['ending'], string>> = {
  completed: '',
  halted: 'halted: ',
  deadline: 'the deadline passed: ',
  cancelled: 'cancelled: ',
  'output-lost': 'standard output could not be written: ',
};

/** `halted: 1,000 tasks in 48 s: 982 passed, 12 failed, 6 not-run`. */
export function endText({ ending, counts, durationMs }: BatchSummary): string {
  const tasks = `${countText(counts.total)} ${counts.total === 1 ? 'task' : 'tasks'}`;
  const reused = counts.reused === 0 ? '' : ` (${countText(counts.reused)} not run again)`;
  const what = `${tasks} in ${elapsedText(durationMs)}`;
  return `${endings[ending]}${what}: ${countsText(counts.byStatus)}${reused}`;
}
