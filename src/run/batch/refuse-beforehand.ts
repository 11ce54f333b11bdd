import type { Engine } from '../../engine/engine.ts';
import { SandboxFailure, toFailure } from '../../failure.ts';
import type { BatchTask } from '../../spec/batch/batch-task.ts';

const mostShown = 10;

interface Refusal {
  readonly task: BatchTask;
  readonly failure: SandboxFailure;
}

/**
 * One message for what would be said of each task, before any starts: a batch of which it is known that a part
 * cannot run on this engine is not run by half.
 */
export function refuseWhatCannotRun(tasks: readonly BatchTask[], engine: Engine): void {
  const refusals = tasks.flatMap((task) => refusalOf(task, engine));
  const [first] = refusals;
  if (!first) return;
  const { code, hint } = first.failure;
  const messages = new Set(refusals.map(({ failure }) => failure.message));
  throw new SandboxFailure(code, messageFor(refusals, { isOne: messages.size === 1, tasks }), {
    ...(hint === null ? {} : { hint: `Nothing was started. ${hint}` }),
    ...(messages.size === 1 ? {} : { problems: refusals.slice(0, mostShown).map(problemOf) }),
  });
}

function refusalOf(task: BatchTask, engine: Engine): Refusal[] {
  try {
    engine.check(task.spec);
    return [];
  } catch (error) {
    return [{ task, failure: toFailure(error) }];
  }
}

function messageFor(
  refusals: readonly Refusal[],
  { isOne, tasks }: { readonly isOne: boolean; readonly tasks: readonly BatchTask[] },
): string {
  const count = `${refusals.length} of ${tasks.length} tasks cannot run on this engine`;
  const message = refusals[0]?.failure.message ?? '';
  if (!isOne) return count;
  return refusals.length === tasks.length ? message : `${count}: ${message}`;
}

function problemOf({ task, failure }: Refusal) {
  return { subject: task.spec.id, message: failure.message };
}
