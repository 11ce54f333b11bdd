import { resolve } from 'node:path';
import type { Problem } from '../failure.ts';
import { readCallersFile } from './caller-file.ts';
import { parseCapability } from './capabilities.ts';
import { checkEnvironment, parseEnvFile, parseEnvFlag } from './environment.ts';
import { lookOnce } from './host-answers.ts';
import type { Caller } from './host-path.ts';
import { Problems } from './problems.ts';
import { resolveReceiptPath } from './receipt-path.ts';
import { emptyRecord, required } from './required.ts';
import { imageSource, resolveBuildArgs, resolveNestedDocker } from './resolve-image.ts';
import { resolveLabels } from './resolve-labels.ts';
import { type AskedMounts, type MountTexts, resolveMounts } from './resolve-mounts.ts';
import { type EffectiveSettings, type Sources, resolveSettings } from './resolve-settings.ts';
import type { Layer } from './layers.ts';
import { parseSecret } from './secret.ts';
import { checkSecretTargets } from './secret-targets.ts';
import { seccompDigest } from './seccomp-files.ts';
import { parseSecurityOption } from './security-option.ts';
import { createTaskId } from './task-id.ts';
import type { TaskSpec, TerminalSize } from './task-spec.ts';
import { interactiveShell, timeoutOf } from './terminal-task.ts';
import { whyUnreadable } from './unreadable.ts';

/** What a caller asked for, as text, before anything was looked at. */
export interface TaskRequest extends MountTexts {
  readonly flags: Layer;
  readonly command: readonly string[];
  /** A shell line instead of a command. */
  readonly line: string | null;
  readonly environment: readonly string[];
  readonly environmentFiles: readonly string[];
  readonly labels: readonly string[];
  readonly secrets: readonly string[];
  readonly capAdd: readonly string[];
  readonly securityOpt: readonly string[];
  readonly buildArgs: readonly string[];
  readonly allowNestedDocker: boolean;
  readonly keepEntrypoint: boolean;
  readonly stdin: boolean;
  /** The size of the terminal that the task gets; null where it gets none. */
  readonly tty: TerminalSize | null;
  /** What was found wrong before, to be reported with the rest. */
  readonly problems: readonly Problem[];
}

/** Nothing asked for but defaults. */
export const emptyRequest: Omit<TaskRequest, 'command'> = {
  flags: {},
  line: null,
  environment: [],
  environmentFiles: [],
  volumes: [],
  mounts: [],
  tmpfs: [],
  labels: [],
  secrets: [],
  capAdd: [],
  securityOpt: [],
  buildArgs: [],
  allowNestedDocker: false,
  keepEntrypoint: false,
  stdin: false,
  tty: null,
  problems: [],
};

interface Asked extends Sources {
  /** Where to read on about problems; the help of `sandbox run` where it is left out. */
  readonly hint?: string;
}

/**
 * From text to one frozen TaskSpec. Every problem found is reported together in one SandboxFailure
 * (`invalid-settings`), before anything is started or created.
 */
export async function resolveSpec(request: TaskRequest, asked: Asked): Promise<TaskSpec> {
  const engineHost = request.flags.host?.text ?? null;
  const sources = { ...asked, caller: { ...asked.caller, engineHost } };
  const problems = new Problems(request.problems);
  const settings = await resolveSettings(request.flags, sources, problems);
  const { values } = settings;
  const nestedDocker = resolveNestedDocker(request, settings.profile, problems);
  const buildArgs = resolveBuildArgs(request.buildArgs, { settings, sources }, problems);
  checkCommand(request, problems);
  const environment = await resolveEnvironment(request, { settings, sources }, problems);
  const labels = resolveLabels(request.labels, settings, problems);
  const mounts = await resolveMounts(askedMounts(request, settings), sources.caller, problems);
  const loosening = resolveLoosening(request, sources.caller, problems);
  checkSecretTargets({ ...mounts, ...loosening }, problems);
  checkApply(settings, problems);
  const id = values.id ?? createTaskId();
  const place = { settings, id, mounts: mounts.mounts, caller: sources.caller };
  const receiptPath = await resolveReceiptPath(place, problems);
  problems.throwIfAny(asked.hint);
  const own = fromSettings(settings);
  return freeze({
    ...own,
    limits: { ...own.limits, timeoutMs: timeoutOf(request, settings) },
    ...imageSource(settings, buildArgs),
    nestedDocker,
    id,
    command: commandOf(request, settings),
    keepEntrypoint: request.keepEntrypoint,
    ...mounts,
    ...loosening,
    seccompDigest: await seccompDigest(loosening.securityOpt),
    environment,
    labels,
    stdin: request.stdin,
    tty: request.tty,
    receiptPath: required(receiptPath),
  });
}

function checkCommand({ command, line, tty }: TaskRequest, problems: Problems): void {
  if (line !== null && command.length > 0) {
    problems.add('-c', 'expected either a shell line (-c) or a command, got both');
  }
  if (line === null && command.length === 0 && tty === null) {
    problems.add('command', 'expected a command to run, as in: sandbox run -- npm test');
  }
  if (command[0] === '') problems.add('command', 'expected the name of a program, got ""');
}

function commandOf(request: TaskRequest, { values, profile }: EffectiveSettings): string[] {
  // A user's own image need not have the profile's shell.
  const shell = values.image === null ? required(profile).shell : null;
  if (request.line !== null) return [shell ?? '/bin/sh', '-c', request.line];
  return request.command.length > 0 ? [...request.command] : interactiveShell(shell);
}

async function resolveEnvironment(
  request: TaskRequest,
  { settings, sources }: { settings: EffectiveSettings; sources: Sources },
  problems: Problems,
): Promise<Record<string, string>> {
  const { caller } = sources;
  const environment = emptyRecord();
  if (request.tty) environment.TERM = caller.env.TERM ?? 'xterm';
  Object.assign(environment, settings.profile?.environment);
  for (const file of settings.configFiles) {
    checkEnvironment(file.environment, `${file.path}: env`, problems);
    Object.assign(environment, file.environment);
  }
  for (const path of request.environmentFiles) {
    const text = await readEnvFile(path, caller, problems);
    Object.assign(environment, parseEnvFile({ path, text }, caller.env, problems));
  }
  for (const text of request.environment) {
    Object.assign(environment, parseEnvFlag(text, caller.env, problems));
  }
  return environment;
}

const mostEnvFileBytes = 16 * 1024 ** 2;

async function readEnvFile(path: string, caller: Caller, problems: Problems): Promise<string> {
  try {
    const absolute = resolve(caller.cwd, path);
    return await lookOnce(caller, ['env-file', absolute], () => envFileText(absolute));
  } catch (error) {
    problems.add(
      '--env-file',
      `expected a file that can be read, got ${path}: ${whyUnreadable(error)}`,
    );
    return '';
  }
}

async function envFileText(path: string): Promise<string> {
  const bytes = await readCallersFile(path, { mostBytes: mostEnvFileBytes });
  if (bytes.length > mostEnvFileBytes) throw new Error('it is larger than 16 MiB');
  return bytes.toString('utf8');
}

/** What lets a secret in, or opens what is closed by default. */
function resolveLoosening(request: TaskRequest, caller: Caller, problems: Problems) {
  const each = <T>(flag: string, texts: readonly string[], parse: (text: string) => T) =>
    texts
      .map((text) => problems.attempt(flag, () => parse(text)))
      .filter((value) => value !== undefined && value !== null);
  const secrets = each('--secret', request.secrets, (text) => parseSecret(text, caller));
  const names = secrets.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) problems.add('--secret', `expected each name once, got ${twice} again`);
  return {
    secrets,
    capAdd: [...new Set(each('--cap-add', request.capAdd, parseCapability))],
    securityOpt: each('--security-opt', request.securityOpt, (text) =>
      parseSecurityOption(text, caller),
    ),
  };
}

function checkApply({ values, origins }: EffectiveSettings, problems: Problems): void {
  if (values.apply === 'never' || values.apply === null) return;
  if (values.workspaceMode === 'copy') return;
  problems.add(
    origins.apply,
    `expected --workspace-mode copy with it: there is nothing to bring back from "${String(values.workspaceMode)}"`,
  );
}

function askedMounts(request: TaskRequest, { configFiles }: EffectiveSettings): AskedMounts {
  const given = (name: 'volumes' | 'mounts' | 'tmpfs', flag: string) =>
    request[name].map((text) => ({ text, origin: flag }));
  const configured = (name: 'mounts' | 'tmpfs') =>
    configFiles.flatMap((file) =>
      file[name].map((text) => ({ text, origin: `${file.path}: ${name}` })),
    );
  return {
    volumes: given('volumes', '--volume'),
    mounts: [...configured('mounts'), ...given('mounts', '--mount')],
    tmpfs: [...configured('tmpfs'), ...given('tmpfs', '--tmpfs')],
  };
}

export function fromSettings({ values, workspacePath }: EffectiveSettings) {
  return {
    platform: values.platform,
    workdir: required(values.workdir),
    pull: required(values.pull),
    pullTimeoutMs: required(values.pullTimeout),
    workspace: required(workspacePath),
    workspaceMode: required(values.workspaceMode),
    apply: required(values.apply),
    manifest: !required(values.noManifest),
    user: values.user,
    network: required(values.network),
    limits: {
      memoryBytes: required(values.memory),
      cpus: required(values.cpus),
      pidsLimit: required(values.pidsLimit),
      timeoutMs: required(values.timeout),
      killAfterMs: required(values.killAfter),
      workspaceBytes: values.workspaceLimit,
    },
    writableRoot: required(values.writableRoot),
    runtime: values.runtime,
    redact: required(values.redact),
    engine: required(values.engine),
    host: values.host,
    context: values.context,
    isolation: required(values.isolation),
    outputLimitBytes: required(values.outputLimit),
  };
}

export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
