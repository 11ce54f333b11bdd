import type { EngineCapacity } from '../../engine/engine.ts';
import { hostCapacity } from '../../engine/host-capacity.ts';
import { SandboxFailure } from '../../failure.ts';
import type { BatchSummary } from '../../receipt/batch-summary.ts';
import { composeBatchSummary } from '../../receipt/compose-batch-summary.ts';
import { ReceiptPlace } from '../../receipt/write-receipt.ts';
import { type BatchIo, type BatchPlan, BatchRun } from './batch-run.ts';
import { defaultJobs, memoryForTasks } from './default-jobs.ts';
import { MemoryBudget } from './memory-budget.ts';
import { refuseWhatCannotRun } from './refuse-beforehand.ts';
import { SharedEngine } from './shared-engine.ts';
import type { TaskSpec } from '../../spec/task-spec.ts';

/** A batch as it was asked for. */
export interface BatchOrder extends Omit<BatchPlan, 'jobs'> {
  /** Null: as many as this host and the engine have room for. */
  readonly jobs: number | null;
  readonly summaryPath: string;
}

/**
 * Runs the tasks, each with its own receipt, and resolves to the summary, which is also written to
 * `summaryPath`. Rejects with a SandboxFailure, before any task starts, where no engine can be had or the
 * summary cannot be written; after the last one where it could not be written then.
 */
export async function runBatch(order: BatchOrder, io: BatchIo): Promise<BatchSummary> {
  const place = await reserve(order.summaryPath);
  const engine = new SharedEngine(io.env);
  try {
    const capacity = await capacityFor(order, engine, io);
    const jobs = order.jobs ?? defaultJobs(order.tasks, [capacity, hostCapacity()]);
    const memory = new MemoryBudget(memoryForTasks(capacity));
    const run = new BatchRun({ ...order, jobs }, io, { engine, memory });
    const summary = composeBatchSummary({
      ...(await run.execute()),
      leftBehind: await engine.removeLeftovers(),
    });
    await place.write(summary);
    io.onEvent({ kind: 'batch-ended', at: summary.finishedAt, summary });
    return summary;
  } finally {
    await engine.close();
    await place.release();
  }
}

/** Of the engine, which must be able to run every task; nothing is known of one that nobody waits for any more. */
async function capacityFor(
  order: BatchOrder,
  shared: SharedEngine,
  { stop, cancel, deadline }: BatchIo,
): Promise<EngineCapacity> {
  const over = AbortSignal.any([stop, cancel, deadline]);
  try {
    const engine = await shared.connect(firstSpec(order), { cancel: over });
    refuseWhatCannotRun(order.tasks, engine);
    return engine.capacity;
  } catch (error) {
    if (over.aborted && error === over.reason) return { cpus: null, memoryBytes: null };
    throw error;
  }
}

async function reserve(path: string): Promise<ReceiptPlace> {
  try {
    return await ReceiptPlace.reserve(path);
  } catch (error) {
    if (!(error instanceof SandboxFailure) || error.code !== 'id-in-use') throw error;
    const hint = 'Wait for it, or give this one another --summary and its tasks other ids.';
    throw new SandboxFailure('id-in-use', `another batch will write the summary ${path}`, { hint });
  }
}

function firstSpec({ tasks: [first] }: BatchOrder): TaskSpec {
  if (first) return first.spec;
  throw new Error('a batch without tasks');
}
