import * as v from 'valibot';
import { batchSummarySchema } from '../../receipt/batch-summary.ts';
import type { BatchEvent } from '../../run/batch/batch-event.ts';
import type { BatchTask } from '../../spec/batch/batch-task.ts';
import { jsonLine } from '../json.ts';

const { tasks, ending, exitCode, durationMs, counts } = batchSummarySchema.entries;
const row = tasks.item.entries;
const text = v.string();
const at = v.pipe(v.string(), v.isoTimestamp());
const task = { id: row.id, index: row.index, line: row.line };
const attempt = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/**
 * One line of `sandbox batch --json`: `event` names it, `at` is RFC 3339 UTC. Unknown is null. What a task printed
 * is in its receipt, never here.
 *
 * | event           | fields besides `event` and `at`                                                           |
 * | --------------- | ----------------------------------------------------------------------------------------- |
 * | `batch-started` | `total`, `jobs`                                                                           |
 * | `task-started`  | `id`, `index`, `line`, `slot`, `attempt` (from 1)                                         |
 * | `task-warning`  | `id`, `index`, `line`, `message`                                                          |
 * | `task-retried`  | `attempt`: the one that ended; and everything of `task-ended`, of that attempt            |
 * | `task-ended`    | a row of the summary: `index`, `line`, `id`, `command`, `status`, `exitCode`, `attempts`, |
 * |                 | `reused`, `slot`, `startedAt`, `finishedAt`, `durationMs`, `reason`, `receipt` (its path) |
 * | `stopping`      | `why` (`halted`, `deadline`, `cancelled`, `output-lost`), `signal` of the caller (`SIGPIPE`: |
 * |                 | nobody reads stdout any more) or null, `kills`: whether tasks that run are stopped         |
 * | `batch-ended`   | `ending`, `exitCode`, `durationMs`, `counts`: as in the summary                           |
 */
export const batchLineSchema = v.variant('event', [
  v.strictObject({ event: v.literal('batch-started'), at, total: v.number(), jobs: v.number() }),
  v.strictObject({ event: v.literal('task-started'), at, ...task, slot: v.number(), attempt }),
  v.strictObject({ event: v.literal('task-warning'), at, ...task, message: text }),
  v.strictObject({ event: v.literal('task-retried'), at, attempt, ...row }),
  v.strictObject({ event: v.literal('task-ended'), at, ...row }),
  v.strictObject({
    event: v.literal('stopping'),
    at,
    why: v.picklist(['halted', 'deadline', 'cancelled', 'output-lost']),
    signal: v.nullable(text),
    kills: v.boolean(),
  }),
  v.strictObject({ event: v.literal('batch-ended'), at, ending, exitCode, durationMs, counts }),
]);

type BatchLine = v.InferOutput<typeof batchLineSchema>;

/** Null for what has no line. `now` is for the events that do not say when they were. */
function batchLine(event: BatchEvent, now: Date): BatchLine | null {
  switch (event.kind) {
    case 'batch-started':
      return { event: event.kind, at: event.at, total: event.total, jobs: event.jobs };
    case 'task-started': {
      const { slot, attempt: number } = event;
      return { event: event.kind, at: event.at, ...taskOf(event), slot, attempt: number };
    }
    case 'task-event': {
      if (event.event.kind !== 'warning') return null;
      const { message } = event.event;
      return { event: 'task-warning', at: now.toISOString(), ...taskOf(event), message };
    }
    case 'task-retried':
      return { event: event.kind, at: event.at, attempt: event.attempt, ...event.row };
    case 'task-ended':
      return { event: event.kind, at: event.at, ...event.row };
    case 'stopping':
      return {
        event: event.kind,
        at: event.at,
        why: event.why,
        signal: event.signal,
        kills: event.kills,
      };
    case 'batch-ended': {
      const { summary } = event;
      return {
        event: event.kind,
        at: event.at,
        ending: summary.ending,
        exitCode: summary.exitCode,
        durationMs: summary.durationMs,
        counts: summary.counts,
      };
    }
    case 'task-output':
      return null;
  }
}

/** The line as it is written, or null. */
export function batchLineText(event: BatchEvent, now = new Date()): string | null {
  const line = batchLine(event, now);
  return line === null ? null : jsonLine(line);
}

function taskOf({ task: { index, line, spec } }: { readonly task: BatchTask }) {
  return { id: spec.id, index, line };
}
