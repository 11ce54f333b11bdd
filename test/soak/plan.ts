import { Seeded } from './seeded.ts';

/** What a task does by itself. */
const kinds = {
  passes: 30,
  fails: 15,
  'fails-137': 3,
  'works-a-while': 12,
  'ignores-sigterm': 4,
  'never-ends': 8,
  'dies-by-signal': 6,
  'not-found': 4,
  'out-of-memory': 5,
  'prints-much': 6,
  'leaves-daemon': 4,
  'closes-stdout': 3,
};
export type Kind = keyof typeof kinds;

/** What happens to it. */
const runFaults = {
  none: 100,
  'client-sigterm': 12,
  'client-sigint-twice': 8,
  'client-sigkill': 16,
  'killed-outside': 10,
  'stopped-by-us': 10,
  'reader-gone': 8,
  'wire-hang-up': 6,
  'wire-broken-answer': 5,
  'wire-500': 5,
  'wire-409': 3,
  'wire-malformed': 4,
  'wire-slow': 6,
  'wire-frozen': 1,
};
export type Fault = keyof typeof runFaults;

const batchFaults = {
  none: 120,
  'killed-outside': 12,
  'stopped-by-us': 10,
} satisfies Partial<Record<Fault, number>>;

export interface PlannedTask {
  readonly id: string;
  readonly kind: Kind;
  readonly fault: Fault;
  /** When the fault comes, after the client was started or the task was seen; or which call it hits. */
  readonly faultAfterMs: number;
  readonly faultyCall: number;
}

export interface Plan {
  readonly runs: readonly PlannedTask[];
  readonly batch: readonly PlannedTask[];
  /** After how many ended tasks the engine is killed. */
  readonly engineKills: readonly number[];
  /** After how many ended tasks the process of the batch is killed, and the batch resumed. */
  readonly batchKills: readonly number[];
}

/** Half of the tasks are single runs, the other half one batch. */
export function planOf(tasks: number, seed: string): Plan {
  const seeded = new Seeded(seed);
  const half = Math.floor(tasks / 2);
  const runs = Array.from({ length: tasks - half }, (_, index) =>
    planned(seeded, `run-${index}`, seeded.pick(runFaults)),
  );
  const batch = Array.from({ length: half }, (_, index) =>
    planned(seeded, `batch-${index}`, seeded.pick(batchFaults)),
  );
  const spread = (of: number, times: number) =>
    Array.from({ length: times }, (_, index) => Math.floor(((index + 0.5) * of) / times));
  const engineKills = Math.ceil(runs.length / 150);
  return {
    runs,
    batch,
    engineKills: spread(runs.length, engineKills),
    batchKills: spread(half, 3),
  };
}

function planned(seeded: Seeded, id: string, fault: Fault): PlannedTask {
  const kind = seeded.pick(kinds);
  return { id, kind, fault, faultAfterMs: seeded.below(900), faultyCall: seeded.below(9) };
}
