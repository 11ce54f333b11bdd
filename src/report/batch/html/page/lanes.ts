import type { PageRow } from '../page-data.ts';

/** A task that has a place in time and a slot. */
export interface Placed {
  readonly row: PageRow;
  readonly lane: number;
  readonly fromMs: number;
  readonly toMs: number;
}

export function placed(rows: readonly PageRow[]): Placed[] {
  return rows.flatMap((row) => {
    if (row.startMs === null || row.slot === null) return [];
    const toMs = row.startMs + (row.durationMs ?? 0);
    return [{ row, lane: row.slot, fromMs: row.startMs, toMs }];
  });
}

export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The task at a moment in a lane, or the one that is nearest to it within `nearMs`. */
export function taskAt(
  tasks: readonly Placed[],
  place: { readonly lane: number; readonly ms: number },
  nearMs: number,
): Placed | null {
  let best: Placed | null = null;
  let bestMs = nearMs;
  for (const task of tasks) {
    if (task.lane !== place.lane) continue;
    const awayMs = Math.max(0, task.fromMs - place.ms, place.ms - task.toMs);
    if (awayMs > bestMs || (awayMs === bestMs && best !== null)) continue;
    best = task;
    bestMs = awayMs;
  }
  return best;
}
