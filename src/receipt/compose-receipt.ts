import type { EngineFacts, Ending, SandboxFacts } from '../engine/engine.ts';
import { roundMs } from '../engine/phase-clock.ts';
import type { Canceller } from '../outcome/cancellation.ts';
import { exitCodeOf } from '../outcome/exit-code.ts';
import { type Outcome, failureOf, statusOf, taskEndOf } from '../outcome/outcome.ts';
import type { CapturedOutput } from '../outcome/output.ts';
import type { SentSignal, StopCause } from '../outcome/termination.ts';
import { recipeDigest } from '../spec/profile/recipe.ts';
import { taskDigest } from '../spec/task-digest.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import { toolCommit, toolName, toolVersion } from '../version.ts';
import { type Receipt, type WorkspaceReport, receiptSchemaId } from './receipt.ts';

/** Everything that is known of a task once it has ended. */
export interface TaskRecord {
  readonly spec: TaskSpec;
  readonly outcome: Outcome;
  readonly engine: EngineFacts | null;
  readonly sandbox: SandboxFacts | null;
  readonly ending: Ending | null;
  readonly stdout: CapturedOutput;
  readonly stderr: CapturedOutput;
  readonly outputComplete: boolean;
  readonly workspace: WorkspaceReport;
  /** What the workspace had grown by when its limit was found passed; null where it was not. */
  readonly overLimitBytes: number | null;
  /** Null where there was nothing to remove. */
  readonly removed: boolean | null;
  /** The engine was asked to start it, whatever it answered. */
  readonly startAsked: boolean;
  readonly cause: StopCause | null;
  readonly signals: readonly SentSignal[];
  /** Who was the first to ask for its end, where that was no signal. */
  readonly canceller: Canceller | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly durationMs: number | null;
  readonly phases: Record<string, number>;
}

/** TaskRecord → Receipt: nothing is looked up and nothing is guessed here. */
export function composeReceipt(record: TaskRecord): Receipt {
  const { spec, outcome, sandbox } = record;
  return {
    schema: receiptSchemaId,
    id: spec.id,
    status: statusOf(outcome),
    exitCode: exitCodeOf(outcome),
    task: taskEndOf(outcome),
    command: spec.command,
    tty: spec.tty !== null,
    taskDigest: taskDigest(spec),
    workspace: { path: spec.workspace, mode: spec.workspaceMode, ...record.workspace },
    // What it would run on was a guess until the sandbox was made.
    engine: record.engine && { ...record.engine, ...(sandbox && { runtime: sandbox.runtime }) },
    isolation: {
      level: sandbox?.isolation.level ?? null,
      simulated: sandbox?.isolation.simulated ?? null,
      loosened: [...(sandbox?.isolation.loosened ?? [])],
      notEnforced: [...(sandbox?.notEnforced ?? [])],
    },
    image: imageOf(record),
    user: sandbox?.user ?? null,
    network: networkOf(record),
    mounts: spec.mounts.map((mount) => ({ ...mount })),
    secrets: spec.secrets.map(({ name }) => name),
    limits: { requested: requestedLimits(spec), enforced: enforcedLimits(record) },
    stdout: record.stdout,
    stderr: record.stderr,
    timing: {
      startedAt: record.startedAt?.toISOString() ?? null,
      finishedAt: record.finishedAt?.toISOString() ?? null,
      durationMs: record.durationMs === null ? null : roundMs(record.durationMs),
      phases: record.phases,
    },
    usage: { cpuMs: null, maxMemoryBytes: null },
    evidence: evidenceOf(record),
    error: errorOf(outcome),
    tool: { name: toolName, version: toolVersion, commit: toolCommit },
    environment: Object.keys(spec.environment),
  };
}

function errorOf(outcome: Outcome): Receipt['error'] {
  const failure = failureOf(outcome);
  return failure && { code: failure.code, message: failure.message, hint: failure.hint };
}

/** What was asked for, where it was never resolved; null where the engine uses no image. */
function imageOf({ spec, sandbox, engine }: TaskRecord): Receipt['image'] {
  const { profile } = spec;
  if (sandbox) return sandbox.image && { ...sandbox.image, profile };
  if (engine?.name === 'simulation') return null;
  const recipe = spec.recipe && recipeDigest(spec.recipe);
  const unknown = { id: null, digest: null, origin: null, preparedMs: null, minimal: null };
  return { reference: spec.image, profile, recipe, ...unknown };
}

function networkOf({ spec, sandbox }: TaskRecord): Receipt['network'] {
  if (!sandbox) return { name: spec.network, id: null, reaches: null };
  const { name, id, reaches } = sandbox.network;
  return { name, id, reaches: reaches === null ? null : [...reaches] };
}

/** The engine's, and what the sandbox itself watches over. */
function enforcedLimits({ spec, sandbox }: TaskRecord): Receipt['limits']['enforced'] {
  if (!sandbox) return null;
  return { ...sandbox.enforced, workspaceBytes: spec.limits.workspaceBytes };
}

function requestedLimits({ limits }: TaskSpec): Receipt['limits']['requested'] {
  return { ...limits, timeoutMs: limits.timeoutMs === 0 ? null : limits.timeoutMs };
}

function evidenceOf(record: TaskRecord): Receipt['evidence'] {
  const { cause, ending, outcome, spec } = record;
  const overdueMs = ending?.watchdog?.endedAfterMs ?? null;
  const signals = [...record.signals, ...overdueSignal(overdueMs)];
  const firstSignalMs = roundMs(signals[0]?.afterMs ?? 0);
  const hasDeadline = cause?.kind === 'deadline' || (cause === null && overdueMs !== null);
  return {
    deadline: hasDeadline ? { limitMs: spec.limits.timeoutMs, passedAfterMs: firstSignalMs } : null,
    workspaceLimit: workspaceLimitOf(record),
    cancelledBy: outcome.kind === 'cancelled' ? outcome.signal : null,
    stoppedBy: stopperOf(record),
    signalsSent: signals.map(({ signal, afterMs }) => ({ signal, afterMs: roundMs(afterMs) })),
    oomKills: ending?.oomKills ?? null,
    engineEvents: [...(ending?.observed ?? [])],
    watchdog: ending?.watchdog?.isInForce ?? null,
    outputComplete: record.outputComplete,
    removed: record.removed,
    mayStillRun:
      outcome.kind === 'engine-failed' &&
      record.startAsked &&
      ending === null &&
      record.removed !== true,
  };
}

function overdueSignal(afterMs: number | null): SentSignal[] {
  return afterMs === null ? [] : [{ signal: 'SIGKILL', afterMs }];
}

/** Who ended it where it was not the caller. */
function stopperOf({ outcome, canceller }: TaskRecord) {
  if (outcome.kind !== 'cancelled') return null;
  if (canceller !== null) return canceller;
  return outcome.by === 'other' ? ('engine' as const) : null;
}

function workspaceLimitOf({ overLimitBytes, spec }: TaskRecord) {
  const { workspaceBytes } = spec.limits;
  if (overLimitBytes === null || workspaceBytes === null) return null;
  return { limitBytes: workspaceBytes, seenBytes: overLimitBytes };
}
