/** Why the sandbox (not the task) failed. Stable: scripts may match on it. */
export type FailureCode =
  | 'usage'
  | 'invalid-settings'
  | 'invalid-task'
  | 'config-unreadable'
  | 'profile-unreadable'
  | 'engine-not-found'
  | 'engine-permission-denied'
  | 'engine-tls'
  | 'engine-api-version'
  | 'engine-unresponsive'
  | 'engine-error'
  | 'engine-lost'
  | 'image-not-found'
  | 'image-access-denied'
  | 'image-wrong-platform'
  | 'image-pull-failed'
  | 'image-not-loaded'
  | 'image-build-failed'
  | 'image-not-removed'
  | 'network-not-usable'
  | 'id-in-use'
  | 'not-enforceable'
  | 'isolation-too-low'
  | 'secret-unreadable'
  | 'workspace-not-copied'
  | 'workspace-not-applied'
  | 'workspace-unsafe'
  | 'command-not-found'
  | 'command-not-executable'
  | 'start-failed'
  | 'task-not-found'
  | 'task-not-stopped'
  | 'cancelled'
  | 'output-not-writable'
  | 'receipt-not-writable'
  | 'receipt-not-found'
  | 'receipt-unreadable'
  | 'internal';

/** One thing that is wrong with what the caller gave, e.g. `{subject: '--memory', message: 'expected …'}`. */
export interface Problem {
  readonly subject: string;
  readonly message: string;
}

export interface FailureDetails {
  /** What to do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Every problem found, where several are reported at once. */
  readonly problems?: readonly Problem[];
}

/** The one error class: a failure that is expected to happen and that says what to do. Any other throw is a bug. */
export class SandboxFailure extends Error {
  override readonly name = 'SandboxFailure';
  readonly code: FailureCode;
  readonly hint: string | null;
  readonly problems: readonly Problem[];

  constructor(code: FailureCode, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.hint = details.hint ?? null;
    this.problems = details.problems ?? [];
  }
}

/** Wraps whatever was thrown, so that a bug still ends in a receipt and one clear line. */
export function toFailure(error: unknown): SandboxFailure {
  if (error instanceof SandboxFailure) return error;
  if (['EMFILE', 'ENFILE'].includes(errnoOf(error) ?? '')) {
    return new SandboxFailure('internal', `no more files can be opened: ${messageOf(error)}`, {
      hint: 'Raise the limit (ulimit -n), or end what keeps so many open.',
      cause: error,
    });
  }
  return new SandboxFailure('internal', `unexpected error: ${messageOf(error)}`, {
    hint: 'This is a defect of sandbox. Set SANDBOX_DEBUG=1 to see where it happened.',
    cause: error,
  });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node.js system error (`ENOENT`, …), or null. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** For the end of a `switch`: fails to compile when a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
