import {
  applyPolicies,
  batchFormats,
  engineChoices,
  haltModes,
  isolationLevels,
  ownNetworks,
  pullPolicies,
  workspaceModes,
} from '../spec/choices.ts';
import { type SettingName, imageVariables, settingNames, settingOf } from '../spec/settings.ts';

/** One flag: what parseArgs, the help, the docs and the "did you mean" all read. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** Another long name for the same. */
  readonly alias?: string;
  /** What the value is called in help; absent for a switch. */
  readonly value?: string;
  /** True where it may be given more than once. */
  readonly repeatable?: boolean;
  /** What a shell offers for the value: words, or names of files. */
  readonly offers?: Offer;
  readonly help: string;
  /** What stands for the default of its setting where a command has another one. */
  readonly fallback?: string;
}

/** What may stand at a place of the command line, for completion; where it is words, others may be right as well. */
export type Offer =
  readonly string[] | 'file' | 'directory' | 'command' | 'task' | 'receipt' | 'profile';

/** The flag of each setting; null where a setting has none. A new setting does not compile until it is here. */
export const settingFlags = {
  image: { name: 'image', value: 'IMAGE', help: 'Image to run in' },
  profile: {
    name: 'profile',
    value: 'NAME',
    offers: 'profile',
    help: 'Named environment: image, variables and limits',
  },
  platform: { name: 'platform', value: 'OS/ARCH', help: 'Platform of the image' },
  workdir: {
    name: 'workdir',
    short: 'w',
    value: 'DIR',
    help: 'Where the command starts, relative to /workspace',
  },
  workspace: {
    name: 'workspace',
    value: 'DIR',
    offers: 'directory',
    help: 'Directory that the task sees as /workspace',
  },
  workspaceMode: {
    name: 'workspace-mode',
    value: 'MODE',
    offers: workspaceModes,
    help: 'rw, ro, or copy: the task works on a copy',
  },
  apply: {
    name: 'apply',
    value: 'WHEN',
    offers: applyPolicies,
    help: 'Bring the changes in a copy back: never, on-success or always',
  },
  workspaceLimit: {
    name: 'workspace-limit',
    value: 'SIZE',
    help: 'End the task when the workspace has grown by more (checked at intervals)',
  },
  noManifest: {
    name: 'no-manifest',
    help: 'Do not list in the receipt which files the task changed',
  },
  memory: { name: 'memory', short: 'm', value: 'SIZE', help: 'Memory, with no swap on top' },
  cpus: { name: 'cpus', value: 'N', help: 'CPUs, such as 0.5' },
  pidsLimit: { name: 'pids-limit', value: 'N', help: 'Processes and threads' },
  timeout: { name: 'timeout', value: 'TIME', help: 'Deadline: 90, 90s, 2m, 1.5h; 0 for none' },
  killAfter: {
    name: 'kill-after',
    short: 'k',
    value: 'TIME',
    help: 'From the first signal to SIGKILL; 0 kills at once',
  },
  network: {
    name: 'network',
    value: 'NAME',
    offers: ownNetworks,
    help: 'isolated, egress, none, or an existing network',
  },
  user: { name: 'user', short: 'u', value: 'UID[:GID]', help: 'User inside the sandbox' },
  writableRoot: { name: 'writable-root', help: 'Let the task write to its root file system' },
  runtime: { name: 'runtime', value: 'NAME', help: "The engine's runtime, such as runsc (gVisor)" },
  engine: {
    name: 'engine',
    value: 'NAME',
    offers: engineChoices,
    help: 'auto, docker or simulation',
  },
  isolation: {
    name: 'isolation',
    value: 'LEVEL',
    offers: isolationLevels,
    help: 'Refuse less than: none, namespace, container, gvisor, vm',
  },
  receipt: { name: 'receipt', value: 'PATH', offers: 'file', help: 'Where the receipt is written' },
  receiptDir: null,
  id: {
    name: 'id',
    alias: 'name',
    value: 'ID',
    help: 'Id of the task; its container is sandbox-ID',
  },
  pull: { name: 'pull', value: 'WHEN', offers: pullPolicies, help: 'missing, always or never' },
  pullTimeout: { name: 'pull-timeout', value: 'TIME', help: 'Limit of a pull; 0 for none' },
  outputLimit: {
    name: 'output-limit',
    value: 'SIZE',
    help: 'What the receipt keeps of each stream, first and last part',
  },
  redact: { name: 'redact', help: 'Replace secrets in the output that is shown, too' },
  host: { name: 'host', value: 'ADDRESS', help: 'Engine to use: unix://, tcp:// or ssh://' },
  context: { name: 'context', value: 'NAME', help: 'Docker context to use' },
} as const satisfies Record<SettingName, Flag | null>;

/** What describes the task besides its settings. */
export const taskFlags = {
  line: { name: 'line', short: 'c', value: 'LINE', help: 'Run a shell line instead of a command' },
  env: {
    name: 'env',
    short: 'e',
    value: 'NAME[=VALUE]',
    repeatable: true,
    help: "Set a variable, or pass on the caller's",
  },
  envFile: {
    name: 'env-file',
    value: 'FILE',
    offers: 'file',
    repeatable: true,
    help: "Variables in Docker's file syntax",
  },
  volume: {
    name: 'volume',
    short: 'v',
    value: 'SRC:DST[:rw]',
    repeatable: true,
    help: 'Show a host path or a named volume, read-only unless :rw',
  },
  mount: {
    name: 'mount',
    value: 'SPEC',
    repeatable: true,
    help: 'The same as type=bind,source=…,target=…[,rw], for any path',
  },
  tmpfs: {
    name: 'tmpfs',
    value: 'DST[:size=SIZE]',
    repeatable: true,
    help: 'A temporary file system in memory',
  },
  label: {
    name: 'label',
    short: 'l',
    value: 'NAME=VALUE',
    repeatable: true,
    help: 'Label of the container',
  },
  secret: {
    name: 'secret',
    value: 'NAME[=@FILE]',
    repeatable: true,
    help: 'Show a variable or a file to the task as /run/secrets/NAME',
  },
  capAdd: {
    name: 'cap-add',
    value: 'CAP',
    repeatable: true,
    help: 'Keep a capability (all are dropped)',
  },
  securityOpt: {
    name: 'security-opt',
    value: 'OPT',
    repeatable: true,
    help: 'seccomp=FILE|unconfined, apparmor=PROFILE or label=…',
  },
  buildArg: {
    name: 'build-arg',
    value: 'NAME[=VALUE]',
    repeatable: true,
    help: 'For the build of a profile, such as BASE=IMAGE or HTTP_PROXY; no secrets, since `docker history` shows them',
  },
  allowNestedDocker: {
    name: 'allow-nested-docker',
    help: 'Let the profile docker-host run: Docker inside, and nothing isolates the task',
  },
  keepEntrypoint: {
    name: 'keep-entrypoint',
    help: "Pass the command to the image's ENTRYPOINT instead of replacing it",
  },
  interactive: {
    name: 'interactive',
    short: 'i',
    help: 'Forward standard input (done by itself when it is piped)',
  },
  rm: { name: 'rm', help: 'Accepted for habit: a sandbox is always removed' },
} as const satisfies Record<string, Flag>;

export const outputFlags = {
  json: { name: 'json', help: "Print the receipt on stdout instead of the task's output" },
  dryRun: {
    name: 'dry-run',
    help: 'Print the resolved task as JSON, its docker run line on stderr; start nothing',
  },
  quiet: { name: 'quiet', short: 'q', help: 'Print errors only' },
  verbose: { name: 'verbose', help: 'Print the phases of the run as well' },
  help: { name: 'help', short: 'h', help: 'Show this help' },
} as const satisfies Record<string, Flag>;

const terminalAdvice = 'only `sandbox shell` gives a task a terminal';

/** Options of `docker run` that are left out on purpose, each with what to do instead. */
export const refusedFlags: Readonly<Record<string, string>> = {
  privileged:
    'there is no such mode: it would remove all isolation. Keep single capabilities with --cap-add',
  device: 'host devices are not given to a task',
  pid: "a task never shares the host's processes",
  ipc: 'a task always has an IPC namespace of its own',
  t: terminalAdvice,
  tty: terminalAdvice,
};

export const runFlags: readonly Flag[] = [
  ...settingNames.map((name) => settingFlags[name]).filter((flag) => flag !== null),
  ...Object.values(taskFlags),
  ...Object.values(outputFlags),
];

/** `sandbox config` takes the settings, to show what they would be. */
export const configFlags: readonly Flag[] = [
  ...settingNames.map((name) => settingFlags[name]).filter((flag) => flag !== null),
  { name: 'json', help: 'Print JSON' },
  outputFlags.help,
];

/** `sandbox doctor` alone has these. */
export const doctorOnlyFlags = {
  prove: { name: 'prove', help: 'Run hostile probes in real tasks and show what became of each' },
  probe: {
    name: 'probe',
    value: 'NAME',
    repeatable: true,
    help: 'With --prove: this probe only',
  },
} as const satisfies Record<string, Flag>;

export const doctorFlags: readonly Flag[] = [
  ...Object.values(doctorOnlyFlags),
  settingFlags.engine,
  settingFlags.isolation,
  settingFlags.image,
  settingFlags.profile,
  taskFlags.allowNestedDocker,
  taskFlags.buildArg,
  settingFlags.platform,
  settingFlags.pull,
  settingFlags.pullTimeout,
  settingFlags.network,
  settingFlags.runtime,
  settingFlags.workspace,
  settingFlags.host,
  settingFlags.context,
  { name: 'json', help: 'Print JSON' },
  outputFlags.help,
];

/** What says which engine a command without a task speaks to. */
const engineFlags = [settingFlags.engine, settingFlags.host, settingFlags.context];
export const jsonFlag: Flag = { name: 'json', help: 'Print JSON' };

export const imageBuildOnlyFlags = {
  noCache: { name: 'no-cache', help: 'Build every step anew, also where the image is there' },
  minimal: {
    name: 'minimal',
    help: "Make a small stand-in of this host's busybox, where nothing can be pulled",
  },
} as const satisfies Record<string, Flag>;

export const profileFlags: readonly Flag[] = [settingFlags.workspace, jsonFlag, outputFlags.help];

export const profileListOnlyFlags = {
  quiet: { ...outputFlags.quiet, help: 'Print the names only, of those that can be used' },
} as const satisfies Record<string, Flag>;

export const profileListFlags: readonly Flag[] = [
  settingFlags.workspace,
  jsonFlag,
  ...Object.values(profileListOnlyFlags),
  outputFlags.help,
];

export const imageBuildFlags: readonly Flag[] = [
  ...Object.values(imageBuildOnlyFlags),
  taskFlags.buildArg,
  settingFlags.platform,
  settingFlags.pull,
  settingFlags.pullTimeout,
  settingFlags.workspace,
  ...engineFlags,
  jsonFlag,
  outputFlags.quiet,
  outputFlags.help,
];

export const imageListOnlyFlags = {
  quiet: { ...outputFlags.quiet, help: 'Print the references only' },
} as const satisfies Record<string, Flag>;

export const imageListFlags: readonly Flag[] = [
  ...engineFlags,
  jsonFlag,
  ...Object.values(imageListOnlyFlags),
  outputFlags.help,
];

export const imageRemoveFlags: readonly Flag[] = [...engineFlags, jsonFlag, outputFlags.help];

export const imagePruneFlags: readonly Flag[] = [
  taskFlags.buildArg,
  settingFlags.platform,
  settingFlags.workspace,
  ...engineFlags,
  jsonFlag,
  outputFlags.help,
];

export const imageLoadFlags: readonly Flag[] = [
  ...engineFlags,
  outputFlags.quiet,
  outputFlags.help,
];

/** `sandbox batch` alone has these. */
export const batchOnlyFlags = {
  jobs: {
    name: 'jobs',
    short: 'j',
    value: 'N',
    help: 'Tasks at once (default: as many as CPUs and memory here and on the engine hold)',
  },
  format: {
    name: 'format',
    value: 'NAME',
    offers: batchFormats,
    help: 'jsonl, json, yaml or csv; else by the ending',
  },
  retries: {
    name: 'retries',
    value: 'N',
    help: 'Run a task again where the sandbox failed and not the task',
  },
  retryOn: {
    name: 'retry-on',
    value: 'LIST',
    help: 'Also after: failed, timed-out, out-of-memory, workspace-limit',
  },
  halt: {
    name: 'halt',
    value: 'WHEN',
    offers: haltModes,
    help: 'never, soon (start no more) or now (end those that run), with ,fail=N or ,fail=N%',
  },
  deadline: { name: 'deadline', value: 'TIME', help: 'Limit of the whole batch; 0 for none' },
  resume: {
    name: 'resume',
    help: 'Do not run again what has a receipt of the same task that ended by itself',
  },
  resumeFailed: { name: 'resume-failed', help: 'Do not run again what has passed' },
  shuffle: { name: 'shuffle', value: 'SEED', help: 'Start in an order that the seed decides' },
  keepOrder: {
    name: 'keep-order',
    help: 'Print what the tasks print, one after the other in the order of the file',
  },
  tag: { name: 'tag', help: 'Print what the tasks print, each line with the id of its task' },
  summary: {
    name: 'summary',
    value: 'PATH',
    offers: 'file',
    help: 'Where the summary is written (default: FILE.batch.json beside the receipts)',
  },
  junit: { name: 'junit', value: 'FILE', offers: 'file', help: 'Write the results as JUnit XML' },
  report: {
    name: 'report',
    value: 'FILE',
    offers: 'file',
    help: 'Write the results as one HTML page',
  },
  json: { name: 'json', help: 'Print events on stdout, one JSON object a line' },
  dryRun: {
    name: 'dry-run',
    help: 'Print the tasks that would run, with --json all that is known of each, with --resume not the others; start nothing',
  },
} as const satisfies Record<string, Flag>;

const notInBatch: readonly Flag[] = [
  ...[settingFlags.id, taskFlags.line, taskFlags.interactive, taskFlags.rm],
  ...[outputFlags.json, outputFlags.verbose, outputFlags.dryRun],
];

export const batchFlags: readonly Flag[] = [
  ...Object.values(batchOnlyFlags),
  ...runFlags.filter((flag) => !notInBatch.includes(flag)),
];

/** The default and the variable of a flag's setting, for help and docs. */
export function settingNotes(flag: Flag): {
  fallback: string | null;
  variables: readonly string[];
} {
  const name = settingNames.find((candidate) => settingFlags[candidate]?.name === flag.name);
  if (name === undefined) return { fallback: null, variables: [] };
  const setting = settingOf(name);
  const text = flag.fallback ?? setting.default ?? setting.defaultNote ?? null;
  const fallback = text === 'false' ? null : text;
  const composed = `${imageVariables.name}[:${imageVariables.tag}]`;
  const variables = [...setting.environment, ...(name === 'image' ? [composed] : [])];
  return { fallback, variables };
}
