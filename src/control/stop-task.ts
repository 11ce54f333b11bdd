import { setTimeout as delay } from 'node:timers/promises';
import type { TaskBoard } from '../engine/engine.ts';
import { currentOwner, isDead } from '../engine/owner.ts';
import { deadlineSignal } from '../engine/timer.ts';
import { SandboxFailure } from '../failure.ts';
import type { Status } from '../outcome/outcome.ts';
import { OwnerSilent, askOwner } from './ask-owner.ts';
import { type LiveTask, isOwn } from './live-tasks.ts';
import { type Mark, readMarks } from './mark.ts';
import type { EndedMessage } from './message.ts';

export interface Stopped {
  /**
   * Its owner ended it because it was asked to, and wrote its receipt; the engine did where the owner could not be
   * asked, or was dead; it ended itself where its deadline, a limit or its command came first.
   */
  readonly by: 'owner' | 'engine' | 'engine-without-owner' | 'itself';
  /** As in its receipt; null where nobody here knows. */
  readonly status: Status | null;
  /** Whether its end was under way before it was asked for. */
  readonly wasEnding: boolean;
}

/** Where neither the task nor its labels tell. */
const usualGraceMs = 5_000;
/** After the grace its owner still looks at the workspace and writes the receipt. */
const patienceMs = 60_000;

/** Ends one task as its deadline would. Resolves once it is gone; rejects with a SandboxFailure where it is not. */
export async function stopTask(
  task: LiveTask,
  board: TaskBoard | null,
  cancel: AbortSignal,
): Promise<Stopped> {
  const mark = task.mark ?? (await markSoon(task, cancel));
  const ended = mark ? await askToStop(task, mark, cancel) : null;
  if (ended) return ended;
  if (board && task.onEngine) {
    await board.stop(task.onEngine, task.killAfterMs ?? usualGraceMs);
    return { by: task.ownerState === 'dead' ? 'engine-without-owner' : 'engine', ...unknown };
  }
  // Without an engine a task ends with its owner.
  if (mark && isDead(mark.owner, currentOwner())) return { by: 'owner', ...unknown };
  throw ownerSilent(task);
}

const unknown = { status: null, wasEnding: false } as const;

/** Null where its owner does not answer, or goes away before the end. */
async function askToStop(task: LiveTask, mark: Mark, cancel: AbortSignal): Promise<Stopped | null> {
  const limitMs = (task.killAfterMs ?? usualGraceMs) + patienceMs;
  const limit = deadlineSignal(limitMs);
  let wasEnding = false;
  try {
    const signal = AbortSignal.any([cancel, limit.signal]);
    for await (const message of askOwner(mark, { ask: 'stop' }, signal)) {
      if (message.kind === 'ending') wasEnding = true;
      if (message.kind === 'ended') return stoppedBy(message, wasEnding);
    }
    return null;
  } catch (error) {
    if (error instanceof OwnerSilent) return null;
    if (limit.signal.aborted && !cancel.aborted) throw stillThere(task, limitMs);
    throw error;
  } finally {
    limit.clear();
  }
}

function stoppedBy({ status }: EndedMessage, wasEnding: boolean): Stopped {
  const isAsked = status === null || status === 'cancelled';
  return { by: isAsked ? 'owner' : 'itself', status, wasEnding };
}

/** A task of ours that starts at this moment is about to have one. */
async function markSoon(task: LiveTask, cancel: AbortSignal): Promise<Mark | null> {
  if (task.ownerState !== 'alive' || !isOwn(task)) return null;
  for (let look = 0; look < 20; look += 1) {
    const marks = await readMarks();
    const mark = marks.find((candidate) => candidate.task.handle === task.handle);
    if (mark) return mark;
    cancel.throwIfAborted();
    await delay(50);
  }
  return null;
}

function stillThere({ id }: LiveTask, limitMs: number): SandboxFailure {
  return new SandboxFailure(
    'task-not-stopped',
    `expected the task ${id} to end within ${limitMs / 1000} s of being asked, and its receipt is not written yet`,
    { hint: 'It was told to end, and may still do so: sandbox ps' },
  );
}

function ownerSilent({ id, owner }: LiveTask): SandboxFailure {
  return new SandboxFailure(
    'task-not-stopped',
    `the process that runs the task ${id} (pid ${owner?.pid ?? '?'}) does not answer`,
    { hint: 'It may be suspended: wake it with `kill -CONT` and its pid, then try again.' },
  );
}
