import type { LiveTask } from '../control/live-tasks.ts';
import type { Stopped } from '../control/stop-task.ts';
import { cut, widthOf } from './columns.ts';
import { commandText } from './command-text.ts';
import { table } from './table.ts';
import { printable } from './terminal.ts';

const head = ['ID', 'COMMAND', 'AGE', 'LEFT', 'OWNER', 'ENGINE'];
const gap = 2;
const leastCommand = 20;

interface TableOptions {
  readonly nowMs: number;
  /** Of the terminal; null where there is none. */
  readonly columns: number | null;
}

/** One line for each; a command is cut so that the line fits. */
export function taskTable(tasks: readonly LiveTask[], { nowMs, columns }: TableOptions): string {
  const rows = tasks.map((task) => rowOf(task, nowMs));
  const others = head.map((title, column) =>
    column === 1 ? 0 : Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(widthOf)),
  );
  const taken = others.reduce((sum, width) => sum + width + gap, 0);
  const room = Math.max(leastCommand, (columns ?? 120) - taken);
  // Cut after it was made harmless, which makes it longer.
  const fitting = rows.map((row) => row.map((cell, at) => (at === 1 ? cut(cell, room) : cell)));
  return table(head, fitting);
}

/** For programs. Times are RFC 3339 UTC; unknown is null. */
export function taskJson(task: LiveTask, nowMs: number): object {
  const { id, engine, handle, state, command, owner, ownerState } = task;
  return {
    ...{ id, engine, handle, state, command },
    createdAt: task.createdAt.toISOString(),
    startedAt: task.startedAt?.toISOString() ?? null,
    deadlineAt: task.deadlineAt?.toISOString() ?? null,
    leftMs: task.deadlineAt === null ? null : task.deadlineAt.getTime() - nowMs,
    owner: {
      state: ownerState,
      host: owner?.host ?? null,
      pid: owner?.pid ?? null,
      uid: owner?.uid ?? null,
    },
    receipt: task.receiptPath,
  };
}

function rowOf(task: LiveTask, nowMs: number): string[] {
  const { id, command, createdAt, deadlineAt, ownerState, state, engine } = task;
  const isUsual = state === 'running';
  return [
    id,
    printable(commandText(command)),
    spanText(nowMs - createdAt.getTime()),
    deadlineAt === null ? '-' : leftText(deadlineAt.getTime() - nowMs),
    ownerState,
    isUsual ? engine.name : `${engine.name} (${state})`,
  ];
}

function leftText(ms: number): string {
  return ms < 0 ? 'ending' : spanText(ms);
}

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** `4s`, `3m 5s`, `2h 10m`, `5d 1h`: the two largest units. A clock of another machine may be ahead of ours. */
export function spanText(ms: number): string {
  let left = Math.max(0, Math.floor(ms / 1000));
  const first = units.findIndex(([, size]) => left >= size);
  if (first === -1) return '0s';
  const parts = units.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return { count, text: `${count}${unit}` };
  });
  return parts
    .filter(({ count }, at) => at === 0 || count > 0)
    .map(({ text }) => text)
    .join(' ');
}

/** What a caller who asked for the end of a task would not expect; null where all is as usual. */
export function stoppedNote({ id }: LiveTask, { by, status, wasEnding }: Stopped): string | null {
  if (by === 'engine-without-owner') {
    return `${id}: its owner was dead, so nobody writes its receipt; the engine removed it`;
  }
  if (by === 'engine') {
    return `${id}: its owner could not be asked, so it was ended through the engine`;
  }
  if (wasEnding) return `${id}: already being ended: ${status ?? 'without a receipt'}`;
  if (by !== 'itself') return null;
  return `${id}: it had ended before: ${status ?? 'without a receipt'}`;
}
