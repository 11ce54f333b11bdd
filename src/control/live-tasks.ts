import type { EngineFacts, EngineTask } from '../engine/engine.ts';
import { type Owner, type OwnerState, currentOwner, ownerState } from '../engine/owner.ts';
import type { Mark } from './mark.ts';

/** A task that is there now, as its engine and its owner tell of it. */
export interface LiveTask {
  readonly id: string;
  readonly engine: Pick<EngineFacts, 'name' | 'address'>;
  readonly handle: string | null;
  readonly state: string;
  readonly command: readonly string[];
  readonly createdAt: Date;
  /** Null while it has not started. */
  readonly startedAt: Date | null;
  /** Null where it has none, or has not started, or where it is not known. */
  readonly deadlineAt: Date | null;
  readonly killAfterMs: number | null;
  readonly owner: Owner | null;
  readonly ownerState: OwnerState;
  /** Null where only its owner knows. */
  readonly receiptPath: string | null;
  /** Null where its owner cannot be asked: another user's, another host's, or dead. */
  readonly mark: Mark | null;
  /** Null where no engine keeps it. */
  readonly onEngine: EngineTask | null;
}

interface KnownTasks {
  /** Null where no engine keeps a list. */
  readonly engine: { readonly facts: EngineFacts; readonly tasks: readonly EngineTask[] } | null;
  readonly marks: readonly Mark[];
  /** Whether tasks of no engine are asked about, too. */
  readonly withSimulated: boolean;
}

/** All of them, the oldest first. A mark of what the engine does not have is of another engine, or about to go. */
export function liveTasks({ engine, marks, withSimulated }: KnownTasks): LiveTask[] {
  const simulated = withSimulated ? marks.filter(isSimulated).map(simulatedTask) : [];
  const kept = engine?.tasks.map((task) => {
    const mark = marks.find((candidate) => candidate.task.handle === task.handle);
    return engineTask(task, engine.facts, mark ?? null);
  });
  return [...(kept ?? []), ...simulated].sort(
    (a, b) => a.createdAt.getTime() - b.createdAt.getTime(),
  );
}

/** Whether a task is this user's own: on this machine, and by this user. */
export function isOwn({ owner, mark }: LiveTask, observer: Owner = currentOwner()): boolean {
  if (mark !== null) return true;
  return owner !== null && owner.host === observer.host && owner.uid === observer.uid;
}

function isSimulated({ task }: Mark): boolean {
  return task.engine.name === 'simulation';
}

function simulatedTask(mark: Mark): LiveTask {
  const { task, owner } = mark;
  const { id, engine, handle, command, killAfterMs, receiptPath, timeoutMs } = task;
  const startedAt = new Date(task.startedAtMs);
  return {
    ...{ id, engine, handle, command, killAfterMs, receiptPath, mark, owner, startedAt },
    state: 'running',
    createdAt: startedAt,
    deadlineAt: deadlineOf(startedAt, timeoutMs),
    ownerState: ownerState(owner, currentOwner()),
    onEngine: null,
  };
}

/** What its owner says comes first: its command has no secrets in it. */
function engineTask(task: EngineTask, facts: EngineFacts, mark: Mark | null): LiveTask {
  const { id, handle, state, createdAt, owner } = task;
  const startedAt = task.startedAt ?? (mark ? new Date(mark.task.startedAtMs) : null);
  return {
    ...{ id, handle, state, createdAt, startedAt, owner, mark },
    engine: { name: facts.name, address: facts.address },
    command: mark?.task.command ?? task.command,
    deadlineAt: deadlineOf(startedAt, mark?.task.timeoutMs ?? task.timeoutMs),
    killAfterMs: mark?.task.killAfterMs ?? task.killAfterMs,
    ownerState: mark ? ownerState(mark.owner, currentOwner()) : task.ownerState,
    receiptPath: mark?.task.receiptPath ?? null,
    onEngine: task,
  };
}

function deadlineOf(startedAt: Date | null, timeoutMs: number | null): Date | null {
  if (startedAt === null || timeoutMs === null || timeoutMs === 0) return null;
  const time = new Date(startedAt.getTime() + timeoutMs);
  // Beyond what a Date can hold is as good as none.
  return Number.isNaN(time.getTime()) ? null : time;
}
