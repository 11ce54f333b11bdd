import { exitCodes, signalExitCode } from '../outcome/exit-code.ts';
import { toolCommit, toolName, toolVersion } from '../version.ts';
import {
  type BatchCounts,
  type BatchRow,
  type BatchSummary,
  batchSummarySchemaId,
  rowStatuses,
} from './batch-summary.ts';

/** Everything that is known of a batch once it has ended. */
export interface BatchRecord {
  readonly name: string;
  readonly file: string | null;
  readonly jobs: number;
  readonly ending: BatchSummary['ending'];
  /** The signal that cancelled it. */
  readonly signal: NodeJS.Signals | null;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly durationMs: number;
  /** In any order. */
  readonly rows: readonly BatchRow[];
  readonly leftBehind: readonly string[];
}

/** BatchRecord → BatchSummary: everything is counted from the rows, and nothing twice. */
export function composeBatchSummary(record: BatchRecord): BatchSummary {
  const tasks = record.rows.toSorted((a, b) => a.index - b.index);
  return {
    schema: batchSummarySchemaId,
    name: record.name,
    ending: record.ending,
    exitCode: batchExitCode(record),
    file: record.file,
    jobs: record.jobs,
    startedAt: record.startedAt.toISOString(),
    finishedAt: record.finishedAt.toISOString(),
    durationMs: record.durationMs,
    counts: countRows(tasks),
    tasks,
    leftBehind: [...record.leftBehind],
    tool: { name: toolName, version: toolVersion, commit: toolCommit },
  };
}

function countRows(rows: readonly BatchRow[]): BatchCounts {
  const byStatus = Object.fromEntries(rowStatuses.map((status) => [status, 0]));
  for (const { status } of rows) byStatus[status] = (byStatus[status] ?? 0) + 1;
  return {
    total: rows.length,
    reused: rows.filter(({ reused }) => reused).length,
    byStatus,
  };
}

/** 0 where every task passed, 1 where one did not, 128+n where the caller ended it, 125 where the sandbox failed. */
function batchExitCode({ rows, signal, ending }: BatchRecord): number {
  if (ending === 'output-lost') return exitCodes.sandboxFailed;
  if (rows.every(({ status }) => status === 'passed')) return 0;
  return signal === null ? exitCodes.someFailed : signalExitCode(signal);
}
