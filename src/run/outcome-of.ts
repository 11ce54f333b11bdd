import type { Ending, WatchdogReport } from '../engine/engine.ts';
import { SandboxFailure, errnoOf, messageOf } from '../failure.ts';
import { type Outcome, statusOf, taskEndOf } from '../outcome/outcome.ts';
import type { Termination } from '../outcome/termination.ts';
import type { WorkspaceReport } from '../receipt/receipt.ts';
import type { TaskSpec } from '../spec/task-spec.ts';

/** The first cause wins: what the sandbox did, then what the kernel did, then the command's own ending. */
export function outcomeOf(ending: Ending, termination: Termination): Outcome {
  const { end, oomKills, stoppedBy, watchdog } = ending;
  const { cause } = termination;
  // We were suspended, so that it acted in our place.
  if (hasActed(watchdog) && cause === null) return { kind: 'timed-out', end };
  if (cause?.kind === 'deadline') return { kind: 'timed-out', end };
  if (cause?.kind === 'workspace-limit') return { kind: 'workspace-limit', end };
  if (cause?.kind === 'cancelled') {
    return { kind: 'cancelled', end, signal: cause.signal, by: 'caller' };
  }
  // A child that was killed is no failure of a command that went on and succeeded.
  if (oomKills !== null && oomKills > 0 && end.exitCode !== 0) {
    return { kind: 'out-of-memory', end };
  }
  if (stoppedBy) return { kind: 'cancelled', end, signal: stoppedBy, by: 'other' };
  const { signal } = end;
  return signal === null ? { kind: 'exited', end } : { kind: 'signaled', end: { ...end, signal } };
}

function hasActed(watchdog: WatchdogReport | null): boolean {
  return watchdog !== null && watchdog.endedAfterMs !== null;
}

/** Output that could not be passed on is our failure; a reader that has gone away is its own decision. */
export function lostOutput({ end }: Ending, error: unknown): Outcome | null {
  if (error === null || errnoOf(error) === 'EPIPE') return null;
  const failure = new SandboxFailure(
    'output-not-writable',
    `the task's output could not be passed on: ${messageOf(error)}`,
    { hint: 'The receipt has it, up to --output-limit.', cause: error },
  );
  return { kind: 'engine-failed', failure, end };
}

/** Whether the changes in a copy are to be brought back after such an end. */
export function mayApply(outcome: Outcome, { apply }: TaskSpec): boolean {
  if (apply === 'never' || taskEndOf(outcome) === null) return false;
  if (outcome.kind === 'workspace-limit' || outcome.kind === 'engine-failed') return false;
  return apply === 'always' || (outcome.kind === 'exited' && outcome.end.exitCode === 0);
}

/** What a caller who asked for the changes would otherwise believe to have; null where they have all of it. */
export function whatWasNotApplied(
  outcome: Outcome,
  { applied, changes, copyKeptAt }: WorkspaceReport,
  { workspaceMode, apply }: TaskSpec,
): string | null {
  // Where the copy was kept, the failure says why.
  if (workspaceMode !== 'copy' || apply === 'never' || copyKeptAt !== null) return null;
  if (applied) {
    const { skipped } = applied;
    return skipped.length === 0 ? null : `not brought back: ${skipped.join('; ')}`;
  }
  const lists = changes ? [changes.added, changes.changed, changes.removed] : [];
  const hasChanges = changes === null || lists.some((list) => list.length > 0);
  return hasChanges
    ? `the changes were not brought back: --apply ${apply}, and the status is "${statusOf(outcome)}"`
    : null;
}

/** What was found in the workspace afterwards may turn a good end into a bad one, never the other way. */
export function outcomeAfter(
  outcome: Outcome,
  { report, failure }: { report: WorkspaceReport; failure: SandboxFailure | null },
  spec: TaskSpec,
): Outcome {
  const end = taskEndOf(outcome);
  if (failure && outcome.kind !== 'engine-failed') return { kind: 'engine-failed', failure, end };
  const { growthBytes } = report;
  const isOver = growthBytes !== null && growthBytes > (spec.limits.workspaceBytes ?? Infinity);
  const endedByItself = outcome.kind === 'exited' || outcome.kind === 'signaled';
  return isOver && endedByItself && end ? { kind: 'workspace-limit', end } : outcome;
}
