import * as v from 'valibot';
import { SandboxFailure } from './failure.ts';
import type { Receipt } from './receipt/receipt.ts';
import type { RunEvent } from './run/event.ts';
import type { ChunkReceiver } from './run/output-relay.ts';
import { runTask as runResolvedTask } from './run/run-task.ts';
import { currentCaller, mountablePath, shareableHostPath } from './spec/host-path.ts';
import { Problems } from './spec/problems.ts';
import { resolveSpec } from './spec/resolve-spec.ts';
import { parseSecurityOption } from './spec/security-option.ts';
import { settings } from './spec/settings.ts';
import { type TaskInput, requestOf } from './spec/task-input.ts';
import { type TaskSpec, taskSpecSchema } from './spec/task-spec.ts';
import type { Readable } from 'node:stream';

export { SandboxFailure, type FailureCode, type Problem } from './failure.ts';
export { type Receipt, receiptSchema } from './receipt/receipt.ts';
export type { RunEvent } from './run/event.ts';
export type { TaskInput } from './spec/task-input.ts';
export { type TaskSpec, taskSpecSchema } from './spec/task-spec.ts';

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
  const request = requestOf(input as Readonly<Record<string, unknown>>);
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
    onStdout: copying(options.onStdout),
    onStderr: copying(options.onStderr),
    onEvent: (event) => options.onEvent?.(event),
    cancel: options.signal ?? new AbortController().signal,
    force: new AbortController().signal,
    env: process.env,
  });
}

/** A caller may keep what it gets, and the engine uses its memory again. */
function copying(receive: RunOptions['onStdout']): ChunkReceiver | null {
  return receive ? (chunk) => receive(Buffer.from(chunk)) : null;
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
