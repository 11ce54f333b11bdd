import type { FailureCode, SandboxFailure } from '../../failure.ts';
import type { Receipt } from '../../receipt/receipt.ts';
import type { RetryableStatus } from '../../spec/batch-options.ts';

/** They come out the same however often they are tried. */
const permanent: readonly FailureCode[] = [
  'command-not-found',
  'command-not-executable',
  'isolation-too-low',
  'not-enforceable',
  'secret-unreadable',
  'image-wrong-platform',
  'image-build-failed',
  'id-in-use',
  'workspace-not-applied',
];

/** How an attempt ended: with a receipt, or with a failure where there could be none. */
export type Attempt =
  | { readonly receipt: Receipt; readonly failure: null }
  | { readonly receipt: null; readonly failure: SandboxFailure; readonly hasStarted: boolean };

/** True where the sandbox failed and not the task, for a reason that may pass, and where the caller asks for it. */
export function isRetryable(attempt: Attempt, retryOn: readonly RetryableStatus[]): boolean {
  if (attempt.receipt === null) return !permanent.includes(attempt.failure.code);
  const { status, error, evidence } = attempt.receipt;
  // Neither the task's answer nor the caller's wish.
  if (evidence.stoppedBy === 'engine') return true;
  if (status === 'not-started' || status === 'engine-failed') {
    return !permanent.some((code) => code === error?.code);
  }
  return retryOn.some((asked) => asked === status);
}

/** Twice as long each time, and never the same for all that failed at the same moment. In milliseconds. */
export function retryDelayMs(attempt: number): number {
  const longestMs = 30_000;
  const plainMs = Math.min(longestMs, 250 * 2 ** (attempt - 1));
  return Math.round(plainMs * (1 + Math.random() / 2));
}
