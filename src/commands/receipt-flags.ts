import { statuses } from '../outcome/outcome.ts';
import { type Flag, jsonFlag, outputFlags, settingFlags } from './flags.ts';

const workspace: Flag = {
  ...settingFlags.workspace,
  help: 'Whose receipts, where no directory of receipts is named',
};

export const receiptFilterFlags = {
  since: {
    name: 'since',
    value: 'TIME',
    help: 'Those since then: 90s, 2h, 7d ago, or a date such as 2026-11-21T18:05Z',
  },
} as const satisfies Record<string, Flag>;

export const receiptListOnlyFlags = {
  status: {
    name: 'status',
    value: 'LIST',
    offers: statuses,
    help: 'Those that ended so, such as failed,timed-out',
  },
  limit: { name: 'limit', short: 'n', value: 'N', help: 'The newest N of them' },
  quiet: { ...outputFlags.quiet, help: 'Print the ids only' },
} as const satisfies Record<string, Flag>;

export const receiptShowOnlyFlags = {
  stdout: { name: 'stdout', help: 'Print what the task wrote to stdout, as far as it is recorded' },
  stderr: { name: 'stderr', help: 'Print what the task wrote to stderr, as far as it is recorded' },
} as const satisfies Record<string, Flag>;

export const receiptListFlags: readonly Flag[] = [
  receiptListOnlyFlags.status,
  receiptFilterFlags.since,
  receiptListOnlyFlags.limit,
  workspace,
  jsonFlag,
  receiptListOnlyFlags.quiet,
  outputFlags.help,
];

export const receiptShowFlags: readonly Flag[] = [
  ...Object.values(receiptShowOnlyFlags),
  workspace,
  { ...jsonFlag, help: 'Print the receipt itself' },
  outputFlags.help,
];

export const receiptStatsFlags: readonly Flag[] = [
  receiptFilterFlags.since,
  workspace,
  jsonFlag,
  outputFlags.help,
];
