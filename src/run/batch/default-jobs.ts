import type { EngineCapacity } from '../../engine/engine.ts';
import type { BatchTask } from '../../spec/batch/batch-task.ts';

/** What is left for the engine and everything else on its machine. */
const shareForTasks = 0.9;

/** How much memory the tasks may be promised together, in bytes; null where the engine does not tell. */
export function memoryForTasks({ memoryBytes }: EngineCapacity): number | null {
  return memoryBytes === null ? null : Math.floor(memoryBytes * shareForTasks);
}

/** As many tasks at once as have the CPUs and the memory that they are promised, on this host and on the engine. */
export function defaultJobs(
  tasks: readonly BatchTask[],
  places: readonly EngineCapacity[],
): number {
  const largest = (of: (task: BatchTask) => number) =>
    tasks.reduce((most, task) => Math.max(most, of(task)), 0);
  const cpus = largest(({ spec }) => spec.limits.cpus);
  const bytes = largest(({ spec }) => spec.limits.memoryBytes);
  const fitting = places.flatMap((place) => [
    (place.cpus ?? Infinity) / cpus,
    (memoryForTasks(place) ?? Infinity) / bytes,
  ]);
  const jobs = Math.floor(Math.min(...fitting, tasks.length));
  return Number.isFinite(jobs) ? Math.max(1, jobs) : 1;
}
