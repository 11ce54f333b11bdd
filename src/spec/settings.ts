import { formatBytes, parseBytes } from './bytes.ts';
import {
  type IsolationLevel,
  applyPolicies,
  engineChoices,
  isolationLevels,
  pullPolicies,
  workspaceModes,
  workspaceTarget,
} from './choices.ts';
import { formatDuration, parseDurationMs } from './duration.ts';
import { parseImage } from './image-reference.ts';
import {
  networkWidth,
  nonEmpty,
  oneOf,
  parseBoolean,
  parseCpus,
  parseMemory,
  parseNetwork,
  parsePidsLimit,
  parsePlatform,
  parseRuntime,
  parseUser,
  parseWorkdir,
} from './setting-parsers.ts';
import { parseTaskId } from './task-id.ts';

/**
 * One setting: how its text is read, its default, and where else it may come from.
 * Flags, help, config file, environment, `sandbox config` and the docs all derive from this table.
 */
export interface Setting<T> {
  readonly parse: (text: string) => T;
  /** The default as a user would write it; null where it is worked out (see `defaultNote`) or there is none. */
  readonly default: string | null;
  readonly defaultNote?: string;
  /** Environment variables, first one wins. */
  readonly environment: readonly string[];
  /** Whether a config file may carry it, under the setting's own name. */
  readonly config: boolean;
  /** What a project's own config file, which may be untrusted, may do with it. */
  readonly project: 'may-set' | 'may-narrow' | 'may-not-set';
  /** Where a project may narrow: a number that grows with what the task may do. */
  width?(value: T): number;
  /** The value as a user would write it. */
  format?(value: T): string;
}

export const settings = {
  image: {
    parse: parseImage,
    default: null,
    defaultNote: "the profile's",
    environment: ['SANDBOX_IMAGE'],
    config: true,
    project: 'may-set',
  },
  profile: {
    parse: nonEmpty('the name of a profile'),
    default: 'base',
    environment: ['SANDBOX_PROFILE'],
    config: true,
    project: 'may-set',
  },
  platform: {
    parse: parsePlatform,
    default: null,
    defaultNote: "the engine's own",
    environment: ['SANDBOX_PLATFORM', 'DOCKER_DEFAULT_PLATFORM'],
    config: true,
    project: 'may-set',
  },
  workdir: {
    parse: parseWorkdir,
    default: workspaceTarget,
    environment: [],
    config: true,
    project: 'may-set',
  },
  workspace: {
    parse: nonEmpty('a directory'),
    default: '.',
    environment: ['SANDBOX_WORKSPACE'],
    config: false,
    project: 'may-not-set',
  },
  workspaceMode: {
    parse: oneOf(workspaceModes),
    default: 'rw',
    environment: ['SANDBOX_WORKSPACE_MODE'],
    config: true,
    project: 'may-narrow',
    width: (mode: (typeof workspaceModes)[number]) => workspaceModes.indexOf(mode),
  },
  apply: {
    parse: oneOf(applyPolicies),
    default: 'never',
    environment: [],
    config: true,
    project: 'may-narrow',
    width: (policy: (typeof applyPolicies)[number]) => applyPolicies.indexOf(policy),
  },
  workspaceLimit: {
    parse: parseBytes,
    default: null,
    defaultNote: 'none',
    environment: ['SANDBOX_WORKSPACE_LIMIT'],
    config: true,
    project: 'may-narrow',
    width: (bytes: number) => bytes,
    format: formatBytes,
  },
  noManifest: {
    parse: parseBoolean,
    default: 'false',
    environment: [],
    config: true,
    project: 'may-not-set',
  },
  memory: {
    parse: parseMemory,
    default: '512m',
    environment: ['SANDBOX_MEMORY', 'DOCKER_MEMORY_LIMIT'],
    config: true,
    project: 'may-narrow',
    width: (bytes: number) => bytes,
    format: formatBytes,
  },
  cpus: {
    parse: parseCpus,
    default: '1',
    environment: ['SANDBOX_CPUS', 'DOCKER_CPU_LIMIT'],
    config: true,
    project: 'may-narrow',
    width: (cpus: number) => cpus,
  },
  pidsLimit: {
    parse: parsePidsLimit,
    default: '256',
    environment: ['SANDBOX_PIDS_LIMIT'],
    config: true,
    project: 'may-narrow',
    width: (pids: number) => pids,
  },
  timeout: {
    parse: parseDurationMs,
    default: '120s',
    environment: ['SANDBOX_TIMEOUT', 'DOCKER_TIMEOUT_SECONDS'],
    config: true,
    project: 'may-narrow',
    width: (ms: number) => (ms === 0 ? Infinity : ms),
    format: formatDuration,
  },
  killAfter: {
    parse: parseDurationMs,
    default: '5s',
    environment: ['SANDBOX_KILL_AFTER'],
    config: true,
    project: 'may-narrow',
    width: (ms: number) => ms,
    format: formatDuration,
  },
  network: {
    parse: parseNetwork,
    default: 'isolated',
    environment: ['SANDBOX_NETWORK', 'DOCKER_NETWORK'],
    config: true,
    project: 'may-narrow',
    width: networkWidth,
  },
  user: {
    parse: parseUser,
    default: null,
    defaultNote: "the caller's uid:gid",
    environment: ['SANDBOX_USER'],
    config: true,
    project: 'may-not-set',
  },
  writableRoot: {
    parse: parseBoolean,
    default: 'false',
    environment: [],
    config: true,
    project: 'may-narrow',
    width: Number,
  },
  runtime: {
    parse: parseRuntime,
    default: null,
    defaultNote: "the engine's own",
    environment: ['SANDBOX_RUNTIME'],
    config: true,
    project: 'may-not-set',
  },
  engine: {
    parse: oneOf(engineChoices),
    default: 'auto',
    environment: ['SANDBOX_ENGINE'],
    config: true,
    project: 'may-not-set',
  },
  isolation: {
    parse: oneOf(isolationLevels),
    default: 'none',
    environment: ['SANDBOX_ISOLATION'],
    config: true,
    project: 'may-narrow',
    width: (level: IsolationLevel) => -isolationLevels.indexOf(level),
  },
  receipt: {
    parse: nonEmpty('the path of a file'),
    default: null,
    defaultNote: '<workspace>.receipts/<id>.json',
    environment: [],
    config: false,
    project: 'may-not-set',
  },
  receiptDir: {
    parse: nonEmpty('a directory'),
    default: null,
    defaultNote: '<workspace>.receipts',
    environment: ['SANDBOX_RECEIPT_DIR'],
    config: true,
    project: 'may-not-set',
  },
  id: {
    parse: parseTaskId,
    default: null,
    defaultNote: 'unique, sorts by time',
    environment: [],
    config: false,
    project: 'may-not-set',
  },
  pull: {
    parse: oneOf(pullPolicies),
    default: 'missing',
    environment: ['SANDBOX_PULL'],
    config: true,
    project: 'may-not-set',
  },
  pullTimeout: {
    parse: parseDurationMs,
    default: '10m',
    environment: ['SANDBOX_PULL_TIMEOUT'],
    config: true,
    project: 'may-not-set',
    format: formatDuration,
  },
  outputLimit: {
    parse: parseBytes,
    default: '1m',
    environment: ['SANDBOX_OUTPUT_LIMIT'],
    config: true,
    project: 'may-not-set',
    format: formatBytes,
  },
  redact: {
    parse: parseBoolean,
    default: 'false',
    environment: [],
    config: true,
    project: 'may-narrow',
    width: (isOn: boolean) => Number(!isOn),
  },
  host: {
    parse: nonEmpty('an address such as unix:///run/docker.sock'),
    default: null,
    defaultNote: 'DOCKER_HOST, the Docker context, then the usual sockets',
    environment: [],
    config: false,
    project: 'may-not-set',
  },
  context: {
    parse: nonEmpty('the name of a Docker context'),
    default: null,
    defaultNote: 'DOCKER_CONTEXT, then the current context',
    environment: [],
    config: false,
    project: 'may-not-set',
  },
} as const satisfies Record<string, Setting<unknown>>;

/** An older pair of variables that together name the image, where SANDBOX_IMAGE is not set. */
export const imageVariables = { name: 'DOCKER_IMAGE_NAME', tag: 'DOCKER_IMAGE_TAG' } as const;

export type SettingName = keyof typeof settings;
export type SettingValues = {
  readonly [Name in SettingName]: ReturnType<(typeof settings)[Name]['parse']> | null;
};
export const settingNames = Object.keys(settings) as SettingName[];

/** The same table without each row's own value type, for code that treats all rows alike. */
export function settingOf(name: SettingName): Setting<unknown> {
  return settings[name];
}

/** A value as a user would write it. */
export function formatSetting(name: SettingName, value: unknown): string {
  return settingOf(name).format?.(value) ?? String(value);
}
