import { exitCodes } from '../../../src/outcome/exit-code.ts';
import { SandboxFailure } from '../../../src/failure.ts';
import type { Outcome } from '../../../src/outcome/outcome.ts';
import { OutputCapture } from '../../../src/outcome/output.ts';
import {
  type BatchRow,
  type BatchSummary,
  type RowStatus,
  batchSummarySchemaId,
  rowStatuses,
} from '../../../src/receipt/batch-summary.ts';
import { type TaskRecord, composeReceipt } from '../../../src/receipt/compose-receipt.ts';
import type { Receipt } from '../../../src/receipt/receipt.ts';
import type { BatchTask } from '../../../src/spec/batch/batch-task.ts';
import { taskRecord } from './task-record.ts';
import { taskLimits, taskSpec } from './task-spec.ts';

const startedMs = Date.parse('2025-01-01T00:00:00.000Z');

/** One task of a batch and what became of it; what is left out is as usual. */
export interface EndedTask extends Partial<Omit<BatchRow, 'index' | 'startedAt' | 'finishedAt'>> {
  readonly startMs?: number;
  readonly stdout?: string | Buffer;
  readonly stderr?: string | Buffer;
  readonly outputLimitBytes?: number;
}

/** The summary of a batch of these tasks, and their receipts. */
export function batchOf(
  tasks: readonly EndedTask[],
  changes: Partial<BatchSummary> = {},
): {
  readonly summary: BatchSummary;
  readonly readReceipt: (row: BatchRow) => Promise<Receipt | null>;
} {
  const rows = tasks.map(batchRow);
  const endMs = rows.reduce((most, { finishedAt }) => Math.max(most, msOf(finishedAt)), 0);
  const summary: BatchSummary = {
    schema: batchSummarySchemaId,
    name: 'checks',
    ending: 'completed',
    exitCode: 1,
    file: '/srv/app/checks.jsonl',
    jobs: 4,
    startedAt: new Date(startedMs).toISOString(),
    finishedAt: new Date(startedMs + endMs).toISOString(),
    durationMs: endMs,
    counts: countsOf(rows),
    tasks: rows,
    leftBehind: [],
    tool: { name: 'sandbox-run', version: '0.1.0', commit: null },
    ...changes,
  };
  const readReceipt = (row: BatchRow) =>
    Promise.resolve(row.receipt === null ? null : batchReceipt(tasks[row.index] ?? {}, row));
  return { summary, readReceipt };
}

export function batchRow(task: EndedTask, index = 0): BatchRow {
  const { startMs = index * 1000 } = task;
  const status = task.status ?? 'passed';
  const isRun = status !== 'not-run';
  const durationMs = isRun ? (task.durationMs ?? 1500) : null;
  const id = task.id ?? `task-${index + 1}`;
  const at = (ms: number) => (isRun ? new Date(startedMs + ms).toISOString() : null);
  return {
    index,
    line: index + 1,
    id,
    command: ['make', id],
    status,
    exitCode: isRun ? exitCodeByStatus[status] : null,
    stoppedByOther: false,
    attempts: isRun ? 1 : 0,
    reused: false,
    slot: isRun ? index % 4 : null,
    startedAt: at(startMs),
    finishedAt: at(startMs + (durationMs ?? 0)),
    reason: reasons[status],
    receipt: isRun ? `/srv/app.receipts/${id}.json` : null,
    ...rowFieldsOf(task),
    durationMs,
  };
}

const notOfRow = ['startMs', 'stdout', 'stderr', 'outputLimitBytes'];

function rowFieldsOf(task: EndedTask): Partial<BatchRow> {
  return Object.fromEntries(Object.entries(task).filter(([name]) => !notOfRow.includes(name)));
}

export function batchTask(index: number, id = `task-${index + 1}`): BatchTask {
  return { index, line: index + 1, spec: taskSpec({ id, command: ['make', id] }) };
}

function batchReceipt(task: EndedTask, row: BatchRow): Receipt {
  const { stdout = '', stderr = '', outputLimitBytes = 1024 ** 2 } = task;
  const record: Partial<TaskRecord> = {
    spec: taskSpec({
      id: row.id,
      command: row.command,
      limits: taskLimits({ timeoutMs: 30_000, workspaceBytes: 64 * 1024 ** 2 }),
    }),
    stdout: captured(stdout, outputLimitBytes),
    stderr: captured(stderr, outputLimitBytes),
    ...endingOf(row),
  };
  return composeReceipt(taskRecord(record));
}

const exitCodeByStatus: Readonly<Record<RowStatus, number | null>> = {
  passed: 0,
  failed: 1,
  'timed-out': exitCodes.timedOut,
  'out-of-memory': 137,
  'workspace-limit': 137,
  cancelled: 130,
  'not-started': exitCodes.sandboxFailed,
  'engine-failed': exitCodes.sandboxFailed,
  'not-run': null,
};

const reasons: Readonly<Record<RowStatus, string | null>> = {
  passed: null,
  failed: null,
  'timed-out': 'timed out after 30.0 s (limit 30s), ended by SIGTERM',
  'out-of-memory': 'out of memory (limit 512 MiB), exit code 137',
  'workspace-limit': 'the workspace grew by 65 MiB (limit 64 MiB), ended by SIGKILL',
  cancelled: 'cancelled by SIGINT, ended by SIGTERM',
  'not-started': 'image node:99 was not found: no such manifest',
  'engine-failed': 'the connection to the engine was lost',
  'not-run': 'the batch was halted before it',
};

function endingOf({ status, exitCode, reason }: BatchRow): Partial<TaskRecord> {
  const end = { exitCode: exitCode ?? 0, signal: null };
  const failure = new SandboxFailure(
    status === 'not-started' ? 'image-not-found' : 'engine-lost',
    reason ?? '',
    { hint: 'Check the name.' },
  );
  const signals = [{ signal: 'SIGTERM' as const, afterMs: 30_000 }];
  const ending = {
    end,
    oomKills: 0,
    stoppedBy: null,
    endedFirst: false,
    watchdog: null,
    isOver: true,
    observed: [],
  };
  switch (status) {
    case 'passed':
    case 'failed':
    case 'not-run':
      return { outcome: { kind: 'exited', end } };
    case 'timed-out':
      return { outcome: { kind: status, end }, cause: { kind: 'deadline' }, signals };
    case 'out-of-memory':
      return { outcome: { kind: status, end }, ending: { ...ending, oomKills: 2 } };
    case 'workspace-limit':
      return { outcome: { kind: status, end } satisfies Outcome, overLimitBytes: 65 * 1024 ** 2 };
    case 'cancelled':
      return { outcome: { kind: status, end, signal: 'SIGINT', by: 'caller' }, signals };
    case 'not-started':
      return { outcome: { kind: status, failure } };
    case 'engine-failed':
      return { outcome: { kind: status, failure, end: null } };
  }
}

function countsOf(rows: readonly BatchRow[]): BatchSummary['counts'] {
  const count = (status: RowStatus) => rows.filter((row) => row.status === status).length;
  const byStatus = Object.fromEntries(rowStatuses.map((status) => [status, count(status)]));
  return {
    total: rows.length,
    reused: rows.filter(({ reused }) => reused).length,
    byStatus,
  };
}

function captured(text: string | Buffer, limitBytes: number) {
  const capture = new OutputCapture(limitBytes);
  capture.write(Buffer.from(text));
  return capture.finish();
}

function msOf(time: string | null): number {
  return time === null ? 0 : Date.parse(time) - startedMs;
}
