import { randomName } from '../../spec/random-name.ts';
import { toolName, toolVersion } from '../../version.ts';
import { type TaskSpec, ownLabelPrefix } from '../../spec/task-spec.ts';
import { type Owner, currentOwner, parseOwner } from '../owner.ts';

export const labels = {
  tool: `${ownLabelPrefix}tool`,
  version: `${ownLabelPrefix}version`,
  task: `${ownLabelPrefix}task`,
  owner: `${ownLabelPrefix}owner`,
  deadline: `${ownLabelPrefix}deadline`,
  /** Tells two containers of one task and one process apart. */
  attempt: `${ownLabelPrefix}attempt`,
  timeout: `${ownLabelPrefix}timeout-ms`,
  killAfter: `${ownLabelPrefix}kill-after-ms`,
} as const;

/** On everything we make: nothing without it is ever touched. */
export function toolLabels(): Record<string, string> {
  return { [labels.tool]: toolName, [labels.version]: toolVersion };
}

/** What `create` and `start` may take before the deadline begins to count, plus the time to end the task. */
const slackMs = 300_000;

export function taskLabels(spec: TaskSpec, nowMs: number): Record<string, string> {
  const { timeoutMs, killAfterMs } = spec.limits;
  const lastMs = nowMs + timeoutMs + killAfterMs + slackMs;
  // Beyond what a Date can hold is as good as none.
  const deadline = timeoutMs === 0 || lastMs > 8.64e15 ? 'none' : new Date(lastMs).toISOString();
  return {
    ...spec.labels,
    ...toolLabels(),
    [labels.task]: spec.id,
    [labels.owner]: JSON.stringify(currentOwner()),
    [labels.deadline]: deadline,
    [labels.attempt]: randomName(8),
    [labels.timeout]: String(timeoutMs),
    [labels.killAfter]: String(killAfterMs),
  };
}

export function ownerOf(containerLabels: Readonly<Record<string, string>>): Owner | null {
  return parseOwner(containerLabels[labels.owner]);
}

/** Null where the task has no deadline, or where it cannot be read. */
export function deadlineMsOf(containerLabels: Readonly<Record<string, string>>): number | null {
  const ms = Date.parse(containerLabels[labels.deadline] ?? '');
  return Number.isNaN(ms) ? null : ms;
}

/** What the task was given; null where it cannot be read. */
export function limitsOf(containerLabels: Readonly<Record<string, string>>): {
  readonly timeoutMs: number | null;
  readonly killAfterMs: number | null;
} {
  const count = (label: string) => {
    const text = containerLabels[label] ?? '';
    return /^\d{1,15}$/.test(text) ? Number(text) : null;
  };
  return { timeoutMs: count(labels.timeout), killAfterMs: count(labels.killAfter) };
}
