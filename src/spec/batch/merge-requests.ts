import type { Layer } from '../layers.ts';
import type { TaskRequest } from '../resolve-spec.ts';
import type { EntryRequest } from './batch-entry.ts';

/** An entry over the options on the command line: its values win, and its lists come behind theirs. */
export function mergeRequests(defaults: TaskRequest, entry: EntryRequest): TaskRequest {
  const either = (key: SwitchKey) => (entry.given.includes(key) ? entry : defaults)[key];
  const both = (key: ListKey) => [...defaults[key], ...entry[key]];
  return {
    flags: mergeFlags(defaults.flags, entry.flags),
    command: entry.command,
    line: entry.line,
    environment: both('environment'),
    environmentFiles: both('environmentFiles'),
    volumes: both('volumes'),
    mounts: both('mounts'),
    tmpfs: both('tmpfs'),
    labels: both('labels'),
    secrets: both('secrets'),
    capAdd: both('capAdd'),
    securityOpt: both('securityOpt'),
    buildArgs: both('buildArgs'),
    allowNestedDocker: either('allowNestedDocker'),
    keepEntrypoint: either('keepEntrypoint'),
    stdin: false,
    tty: null,
    problems: entry.problems,
  };
}

type SwitchKey = 'allowNestedDocker' | 'keepEntrypoint';
type ListKey = {
  [Key in keyof TaskRequest]: TaskRequest[Key] extends readonly string[] ? Key : never;
}[keyof TaskRequest];

/** Of two settings for one thing the entry's stands, whichever of the two it is. */
function mergeFlags(defaults: Layer, entry: Layer): Layer {
  const { image, receipt, ...others } = defaults;
  return {
    ...others,
    // Whoever names a profile wants its image.
    ...(image && !entry.profile ? { image } : {}),
    ...(receipt && !entry.receiptDir ? { receipt } : {}),
    ...entry,
  };
}
