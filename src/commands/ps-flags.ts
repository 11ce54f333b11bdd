import { type Flag, outputFlags, settingFlags } from './flags.ts';

/** Of the commands that look after running tasks. */
const engineFlags: readonly Flag[] = [settingFlags.engine, settingFlags.host, settingFlags.context];

export const taskListFlags = {
  json: { name: 'json', help: 'Print JSON' },
  quiet: { ...outputFlags.quiet, help: 'Print the ids only' },
} as const satisfies Record<string, Flag>;

export const psFlags: readonly Flag[] = [
  ...Object.values(taskListFlags),
  ...engineFlags,
  outputFlags.help,
];

export const taskStopFlags = {
  all: { name: 'all', help: 'Every task of yours that runs on the engine' },
  json: taskListFlags.json,
  quiet: outputFlags.quiet,
} as const satisfies Record<string, Flag>;

export const stopFlags: readonly Flag[] = [
  ...Object.values(taskStopFlags),
  ...engineFlags,
  outputFlags.help,
];

export const taskLogFlags = {
  follow: { name: 'follow', short: 'f', help: 'Go on with what it prints, until it ends' },
  tail: { name: 'tail', value: 'N', help: 'Only the last N lines of each stream' },
  json: { name: 'json', help: 'Print one JSON object for each part, a line each' },
  receipt: {
    name: 'receipt',
    value: 'PATH',
    help: 'The receipt of a task that has ended, or the directory that has it',
  },
} as const satisfies Record<string, Flag>;

export const logsFlags: readonly Flag[] = [
  ...Object.values(taskLogFlags),
  settingFlags.workspace,
  outputFlags.help,
];
