import { type Flag, outputFlags, settingFlags } from './flags.ts';

/** `sandbox gc` alone has these. */
export const gcOnlyFlags = {
  dryRun: { name: 'dry-run', help: 'Print what would be removed; remove nothing' },
  receipts: {
    name: 'receipts',
    value: 'DIR',
    repeatable: true,
    help: 'Directory of receipts to look through as well (default: that of the workspace)',
  },
} as const satisfies Record<string, Flag>;

export const gcFlags: readonly Flag[] = [
  ...Object.values(gcOnlyFlags),
  settingFlags.workspace,
  settingFlags.engine,
  settingFlags.host,
  settingFlags.context,
  { name: 'json', help: 'Print JSON' },
  outputFlags.help,
];
