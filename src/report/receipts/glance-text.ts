import type { ReceiptGlance } from '../../receipt/receipt-glance.ts';
import type { Receipt } from '../../receipt/receipt.ts';
import { commandText } from '../command-text.ts';
import { factTable } from './fact-table.ts';
import { streamText } from './output-lines.ts';
import { secondsTime, tookText } from './receipt-table.ts';

/** What is understood of a receipt that was written by another version of ours. */
export interface PartialReceipt {
  readonly glance: ReceiptGlance;
  readonly stdout: Receipt['stdout'] | null;
  readonly stderr: Receipt['stderr'] | null;
}

export function glanceText({ glance, ...streams }: PartialReceipt, path: string | null): string {
  const { schema, id, status, exitCode, startedAt, finishedAt, durationMs } = glance;
  const command = commandText(glance.command) + (glance.commandTruncated ? ' …' : '');
  const facts = factTable([
    ['id', id],
    ['status', status],
    ['exit code', exitCode === null ? null : String(exitCode)],
    ['command', command],
    ['started', startedAt && secondsTime(startedAt)],
    ['finished', finishedAt && secondsTime(finishedAt)],
    ['took', durationMs === null ? null : tookText(durationMs)],
    ['receipt', path],
    ['version', `${schema}, not quite as it is known here: --json has the rest`],
  ]);
  const { stdout, stderr } = streams;
  return `${facts}${stdout ? streamText('stdout', stdout) : ''}${stderr ? streamText('stderr', stderr) : ''}`;
}
