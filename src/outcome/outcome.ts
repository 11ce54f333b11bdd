import { type FailureCode, type SandboxFailure, unreachable } from '../failure.ts';

/** How the command itself ended, as far as the engine can tell; null is "not known". */
export interface TaskEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How a task ended. The first cause wins, and it is recorded where it happens. */
export type Outcome =
  | { readonly kind: 'exited'; readonly end: TaskEnd & { readonly exitCode: number } }
  | { readonly kind: 'signaled'; readonly end: TaskEnd & { readonly signal: NodeJS.Signals } }
  | { readonly kind: 'timed-out'; readonly end: TaskEnd }
  | { readonly kind: 'out-of-memory'; readonly end: TaskEnd & { readonly exitCode: number } }
  | { readonly kind: 'workspace-limit'; readonly end: TaskEnd }
  | {
      readonly kind: 'cancelled';
      readonly end: TaskEnd | null;
      readonly signal: NodeJS.Signals;
      /** Somebody else may have ended it, through the engine: then it is nobody's wish that we know of. */
      readonly by: 'caller' | 'other';
    }
  | { readonly kind: 'not-started'; readonly failure: SandboxFailure }
  | {
      readonly kind: 'engine-failed';
      readonly failure: SandboxFailure;
      /** Where the task's end was seen all the same. */
      readonly end: TaskEnd | null;
    };

export const statuses = [
  'passed',
  'failed',
  'timed-out',
  'out-of-memory',
  'workspace-limit',
  'cancelled',
  'not-started',
  'engine-failed',
] as const;
export type Status = (typeof statuses)[number];

/** The one word for scripts. A non-zero exit and a death by signal are `failed`. */
export function statusOf(outcome: Outcome): Status {
  switch (outcome.kind) {
    case 'exited':
      return outcome.end.exitCode === 0 ? 'passed' : 'failed';
    case 'signaled':
      return 'failed';
    case 'timed-out':
    case 'out-of-memory':
    case 'workspace-limit':
    case 'cancelled':
    case 'not-started':
    case 'engine-failed':
      return outcome.kind;
    default:
      return unreachable(outcome);
  }
}

/** Null where the command never started or its end was not seen. */
export function taskEndOf(outcome: Outcome): TaskEnd | null {
  return 'end' in outcome ? outcome.end : null;
}

export function failureOf(outcome: Outcome): SandboxFailure | null {
  return 'failure' in outcome ? outcome.failure : null;
}

/** The engine itself is at fault, so what became of the task may be unknown. Everything else never started. */
const engineFaults: readonly FailureCode[] = [
  'engine-permission-denied',
  'engine-tls',
  'engine-api-version',
  'engine-unresponsive',
  'engine-error',
  'engine-lost',
  'internal',
];

/** The outcome of a run that a failure ended. */
export function outcomeOfFailure(failure: SandboxFailure): Outcome {
  return engineFaults.includes(failure.code)
    ? { kind: 'engine-failed', failure, end: null }
    : { kind: 'not-started', failure };
}
