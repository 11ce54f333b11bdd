import * as v from 'valibot';
import type { Limits } from '../../spec/task-spec.ts';
import type { DockerApi } from './docker-api.ts';

/** Measured: 1.6 MiB for a moment, 0.3 MiB for good, and up to 10 processes and threads for a moment, 3 for good. */
const neededBytes = 8 * 1024 ** 2;
const neededPids = 16;

/**
 * Whether a task can spare what a watchdog takes: it counts against the task's own limits, and at the brink of them it
 * would be what makes the task fail. True where the engine does not tell.
 */
export async function hasRoomForWatchdog(
  api: DockerApi,
  containerId: string,
  limits: Pick<Limits, 'memoryBytes' | 'pidsLimit'>,
): Promise<boolean> {
  const said = await api
    .get(`/containers/${containerId}/stats?stream=false&one-shot=true`)
    .catch(() => null);
  const found = v.safeParse(statsSchema, said);
  return !found.success || isRoomIn(found.output, limits);
}

/** Pages of files that nobody uses are given up before anybody is killed. */
export function isRoomIn(
  { memory_stats: memory, pids_stats: pids }: Stats,
  { memoryBytes, pidsLimit }: Pick<Limits, 'memoryBytes' | 'pidsLimit'>,
): boolean {
  const spareable = memory?.stats?.total_inactive_file ?? memory?.stats?.inactive_file ?? 0;
  const usedBytes = (memory?.usage ?? 0) - spareable;
  const usedPids = pids?.current ?? 0;
  return memoryBytes - usedBytes >= neededBytes && pidsLimit - usedPids >= neededPids;
}

const count = v.optional(v.nullable(v.number()));
const statsSchema = v.object({
  memory_stats: v.optional(
    v.object({
      usage: count,
      stats: v.optional(
        // Version 1 of cgroups, and version 2.
        v.nullable(v.object({ total_inactive_file: count, inactive_file: count })),
      ),
    }),
  ),
  pids_stats: v.optional(v.object({ current: count })),
});
type Stats = v.InferOutput<typeof statsSchema>;
