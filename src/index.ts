import * as v from 'valibot';
import { type Problem, SandboxFailure } from './failure.ts';
import type { Receipt } from './receipt/receipt.ts';
import type { RunEvent } from './run/event.ts';
import { runTask as runResolvedTask } from './run/run-task.ts';
import { currentCaller, mountablePath, shareableHostPath } from './spec/host-path.ts';
import { Problems } from './spec/problems.ts';
import { emptyRequest, resolveSpec } from './spec/resolve-spec.ts';
import { parseSecurityOption } from './spec/security-option.ts';
import { type SettingName, settingNames, settings } from './spec/settings.ts';
import { type TaskSpec, taskSpecSchema } from './spec/task-spec.ts';
import type { Readable } from 'node:stream';

export { SandboxFailure, type FailureCode, type Problem } from './failure.ts';
export { type Receipt, receiptSchema } from './receipt/receipt.ts';
export type { RunEvent } from './run/event.ts';
export { type TaskSpec, taskSpecSchema } from './spec/task-spec.ts';

/** A task as a user would write it: `{command: ['npm', 'test'], memory: '1g', timeout: '30s'}`. */
export interface TaskInput extends Partial<Record<SettingName, string | number | boolean>> {
  /** The program and its arguments; or `line`. */
  readonly command?: readonly string[];
  /** A shell line. */
  readonly line?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** As --mount. */
  readonly mounts?: readonly string[];
  /** As --tmpfs. */
  readonly tmpfs?: readonly string[];
  /** As --secret: `NAME` of a variable, or `NAME=@FILE`. */
  readonly secrets?: readonly string[];
  /** As --cap-add. */
  readonly capAdd?: readonly string[];
  /** As --security-opt. */
  readonly securityOpt?: readonly string[];
  /** For the build of a profile's image. */
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Accepts that a profile's task is not isolated from the host. */
  readonly allowNestedDocker?: boolean;
  /** True: `RunOptions.stdin` is forwarded. */
  readonly stdin?: boolean;
  readonly keepEntrypoint?: boolean;
}

export interface RunOptions {
  /** Aborting it cancels the task. A reason such as 'SIGINT' is the signal that it gets, else SIGTERM. */
  readonly signal?: AbortSignal;
  /** Called with each chunk as it comes; a promise makes the task wait. */
  readonly onStdout?: (chunk: Buffer) => void | Promise<void>;
  readonly onStderr?: (chunk: Buffer) => void | Promise<void>;
  /** Forwarded where `TaskSpec.stdin` is true. */
  readonly stdin?: Readable;
  readonly onEvent?: (event: RunEvent) => void;
}

/**
 * Fills in the defaults and checks everything against this host. Neither SANDBOX_* variables nor config files
 * are looked at. Rejects with a SandboxFailure (`invalid-settings`) that carries every problem.
 */
export async function resolveTask(input: TaskInput): Promise<TaskSpec> {
  const flags = Object.fromEntries(
    settingNames
      .filter((name) => input[name] !== undefined)
      .map((name) => [name, { text: String(input[name]), origin: name }]),
  );
  const pairs = (record: Readonly<Record<string, string>> = {}) =>
    Object.entries(record).map(([name, value]) => `${name}=${value}`);
  const request = {
    ...emptyRequest,
    flags,
    command: [...(input.command ?? [])],
    line: input.line ?? null,
    environment: pairs(input.env),
    mounts: input.mounts ?? [],
    tmpfs: input.tmpfs ?? [],
    labels: pairs(input.labels),
    secrets: input.secrets ?? [],
    capAdd: input.capAdd ?? [],
    securityOpt: input.securityOpt ?? [],
    buildArgs: pairs(input.buildArgs),
    allowNestedDocker: input.allowNestedDocker ?? false,
    keepEntrypoint: input.keepEntrypoint ?? false,
    stdin: input.stdin ?? false,
    problems: problemsOf(input),
  };
  return await resolveSpec(request, { caller: currentCaller(), ambient: false });
}

/**
 * Runs one task and resolves to its receipt, which is also written to `spec.receiptPath`, for every ending:
 * look at `receipt.status`. Rejects with a SandboxFailure where there can be no receipt: the spec is not one
 * (`invalid-task`), it cannot be written (`receipt-not-writable`), or it belongs to a running task (`id-in-use`).
 */
export async function runTask(spec: TaskSpec, options: RunOptions = {}): Promise<Receipt> {
  return await runResolvedTask(await checked(spec), {
    stdin: options.stdin ?? null,
    onStdout: options.onStdout ?? null,
    onStderr: options.onStderr ?? null,
    onEvent: (event) => options.onEvent?.(event),
    cancel: options.signal ?? new AbortController().signal,
    force: new AbortController().signal,
    env: process.env,
  });
}

const taskKeys = [
  'command',
  'line',
  'env',
  'labels',
  'mounts',
  'tmpfs',
  'secrets',
  'capAdd',
  'securityOpt',
  'buildArgs',
  'allowNestedDocker',
  'stdin',
  'keepEntrypoint',
];

function problemsOf(input: TaskInput): Problem[] {
  const known: readonly string[] = [...settingNames, ...taskKeys];
  const isList = input.command === undefined || Array.isArray(input.command);
  const notList = isList ? [] : [{ subject: 'command', message: 'expected an array of words' }];
  const unknown = Object.keys(input)
    .filter((key) => !known.includes(key))
    .map((key) => ({ subject: key, message: `unknown key (known: ${known.join(', ')})` }));
  return [...notList, ...unknown];
}

/** A spec may have been changed since it was resolved, so what it shares with the host is looked at again. */
async function checked(spec: TaskSpec): Promise<TaskSpec> {
  const parsed = v.safeParse(taskSpecSchema, spec);
  const problems = new Problems();
  for (const issue of parsed.issues ?? []) {
    problems.add(v.getDotPath(issue) ?? 'task', issue.message);
  }
  if (parsed.success) await checkHostPaths(parsed.output, problems);
  if (parsed.success && problems.isEmpty) return parsed.output;
  throw new SandboxFailure('invalid-task', 'expected a TaskSpec as resolveTask makes it', {
    problems: problems.found,
    hint: 'Call resolveTask first, and pass what it resolves to.',
  });
}

async function checkHostPaths(spec: TaskSpec, problems: Problems): Promise<void> {
  const caller = { ...currentCaller(), engineHost: spec.host };
  const attempt = async (subject: string, path: string, check: typeof mountablePath) => {
    const real = await problems.attemptAsync(subject, () => check(path, caller));
    if (real !== undefined && real !== path)
      problems.add(subject, `expected a real path, got "${path}"`);
  };
  await attempt('workspace', spec.workspace, shareableHostPath);
  for (const { type, source } of spec.mounts) {
    if (type === 'bind') await attempt('mounts', source, mountablePath);
  }
  problems.attempt('network', () => settings.network.parse(spec.network));
  for (const option of spec.securityOpt) {
    problems.attempt('securityOpt', () => parseSecurityOption(option, caller));
  }
}
