import type { EngineFacts, Ending, SandboxFacts } from '../engine/engine.ts';
import { roundMs } from '../engine/phase-clock.ts';
import { exitCodeOf } from '../outcome/exit-code.ts';
import { type Outcome, failureOf, statusOf, taskEndOf } from '../outcome/outcome.ts';
import type { CapturedOutput } from '../outcome/output.ts';
import type { SentSignal, StopCause } from '../outcome/termination.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import { toolCommit, toolName, toolVersion } from '../version.ts';
import { type Receipt, receiptSchemaId } from './receipt.ts';

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
  /** Null where there was nothing to remove. */
  readonly removed: boolean | null;
  /** The engine was asked to start it, whatever it answered. */
  readonly startAsked: boolean;
  readonly cause: StopCause | null;
  readonly signals: readonly SentSignal[];
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly durationMs: number | null;
  readonly phases: Record<string, number>;
}

/** TaskRecord → Receipt: nothing is looked up and nothing is guessed here. */
export function composeReceipt(record: TaskRecord): Receipt {
  const { spec, outcome, sandbox } = record;
  const failure = failureOf(outcome);
  return {
    schema: receiptSchemaId,
    id: spec.id,
    status: statusOf(outcome),
    exitCode: exitCodeOf(outcome),
    task: taskEndOf(outcome),
    command: spec.command,
    workspace: { path: spec.workspace, mode: 'rw' },
    engine: record.engine,
    isolation: {
      level: sandbox?.isolation.level ?? null,
      simulated: sandbox?.isolation.simulated ?? null,
      notEnforced: [...(sandbox?.notEnforced ?? [])],
    },
    image: imageOf(record),
    user: sandbox?.user ?? null,
    network: sandbox?.network ?? { name: spec.network, id: null },
    limits: { requested: requestedLimits(spec), enforced: sandbox?.enforced ?? null },
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
    error: failure ? { code: failure.code, message: failure.message, hint: failure.hint } : null,
    tool: { name: toolName, version: toolVersion, commit: toolCommit },
    environment: Object.keys(spec.environment),
  };
}

/** What was asked for, where it was never resolved; null where the engine uses no image. */
function imageOf({ spec, sandbox, engine }: TaskRecord): Receipt['image'] {
  if (sandbox) return sandbox.image;
  if (engine?.name === 'simulation') return null;
  return { reference: spec.image, id: null, digest: null };
}

function requestedLimits({ limits }: TaskSpec): Receipt['limits']['requested'] {
  return { ...limits, timeoutMs: limits.timeoutMs === 0 ? null : limits.timeoutMs };
}

function evidenceOf(record: TaskRecord): Receipt['evidence'] {
  const { cause, signals, ending, outcome, spec } = record;
  const firstSignalMs = roundMs(signals[0]?.afterMs ?? 0);
  const hasDeadline = cause?.kind === 'deadline';
  return {
    deadline: hasDeadline ? { limitMs: spec.limits.timeoutMs, passedAfterMs: firstSignalMs } : null,
    cancelledBy: outcome.kind === 'cancelled' ? outcome.signal : null,
    signalsSent: signals.map(({ signal, afterMs }) => ({ signal, afterMs: roundMs(afterMs) })),
    oomKills: ending?.oomKills ?? null,
    engineEvents: [...(ending?.observed ?? [])],
    outputComplete: record.outputComplete,
    removed: record.removed,
    mayStillRun:
      outcome.kind === 'engine-failed' &&
      record.startAsked &&
      ending === null &&
      record.removed !== true,
  };
}
