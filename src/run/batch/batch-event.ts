import type { BatchRow, BatchSummary } from '../../receipt/batch-summary.ts';
import type { Receipt } from '../../receipt/receipt.ts';
import type { RunEvent } from '../event.ts';
import type { BatchTask } from '../../spec/batch/batch-task.ts';

/** What happens during a batch, for whoever shows it. `at` is RFC 3339 UTC. */
export type BatchEvent =
  | {
      readonly kind: 'batch-started';
      readonly at: string;
      readonly total: number;
      readonly jobs: number;
    }
  /** An attempt begins; `attempt` counts from 1. */
  | {
      readonly kind: 'task-started';
      readonly at: string;
      readonly task: BatchTask;
      readonly slot: number;
      readonly attempt: number;
    }
  /** A warning of a task, or how the making of its image goes on. */
  | { readonly kind: 'task-event'; readonly task: BatchTask; readonly event: RunEvent }
  /** Output of a task, whole lines where it prints lines; only where it was asked for. */
  | {
      readonly kind: 'task-output';
      readonly task: BatchTask;
      readonly stream: 'stdout' | 'stderr';
      readonly chunk: Buffer;
    }
  /** An attempt ended and another one follows. */
  | {
      readonly kind: 'task-retried';
      readonly at: string;
      readonly task: BatchTask;
      readonly attempt: number;
      readonly row: BatchRow;
    }
  /** The task is over; `receipt` is null where none could be written, or an earlier one was taken. */
  | {
      readonly kind: 'task-ended';
      readonly at: string;
      readonly task: BatchTask;
      readonly row: BatchRow;
      readonly receipt: Receipt | null;
    }
  /** From here on no new task starts. */
  | {
      readonly kind: 'stopping';
      readonly at: string;
      readonly why: 'halted' | 'deadline' | 'cancelled' | 'output-lost';
      /** That of the caller; SIGPIPE where the reader of standard output has gone away. */
      readonly signal: NodeJS.Signals | null;
      /** False: those that run are let finish. */
      readonly kills: boolean;
    }
  | { readonly kind: 'batch-ended'; readonly at: string; readonly summary: BatchSummary };
