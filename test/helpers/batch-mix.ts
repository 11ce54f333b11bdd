import { createHash } from 'node:crypto';
import type { RowStatus } from '../../src/receipt/batch-summary.ts';

const sh = (line: string) => ['sh', '-c', line];
const printedBytes = 3_000_000;

/** What large tasks print, whole. */
export const printedWhole = {
  bytes: printedBytes,
  sha256: createHash('sha256').update('x'.repeat(printedBytes)).digest('hex'),
};

/** How a task of the mix may end: more than one where an engine loses what it should tell. */
interface Kind {
  /** Of a hundred tasks. */
  readonly share: number;
  readonly task: (id: string, random: () => number) => Record<string, unknown>;
  readonly endings: readonly (readonly [status: RowStatus, exitCode: number | null])[];
}

/** An exit code that the task carries in its id. */
const fromId = null;
const small = { memory: '24m' };

const kinds = {
  pass: { share: 38, task: () => ({ command: ['true'] }), endings: [['passed', 0]] },
  exit: {
    share: 10,
    task: (id) => ({ command: sh(`echo ${id} >&2; exit ${codeIn(id)}`) }),
    endings: [['failed', fromId]],
  },
  flaky: {
    share: 6,
    task: (id) => ({ command: sh(`[ -e ${id} ] || { touch ${id}; exit 9; }`) }),
    endings: [['passed', 0]],
  },
  late: {
    share: 6,
    task: () => ({ command: ['sleep', '100'], timeout: '1s', killAfter: '1s' }),
    endings: [['timed-out', 124]],
  },
  // Engine 20.10 loses events of kills for lack of memory where several tasks run at once.
  hungry: {
    share: 6,
    task: () => ({ command: ['tail', '/dev/zero'], ...small }),
    endings: [
      ['out-of-memory', 137],
      ['failed', 137],
    ],
  },
  parent: {
    share: 5,
    task: () => ({ command: sh('tail /dev/zero; exit 7'), ...small }),
    endings: [
      ['out-of-memory', 7],
      ['failed', 7],
    ],
  },
  survivor: {
    share: 3,
    task: () => ({ command: sh('tail /dev/zero; exit 0'), ...small }),
    endings: [['passed', 0]],
  },
  killed: {
    share: 6,
    task: () => ({ command: ['sleep', '100'] }),
    endings: [
      ['cancelled', 137],
      ['failed', 137],
      ['engine-failed', 125],
    ],
  },
  missing: {
    share: 4,
    task: () => ({ command: ['no-such-command'] }),
    endings: [['not-started', 127]],
  },
  unfit: {
    share: 2,
    task: () => ({ command: ['/etc/passwd'] }),
    endings: [['not-started', 126]],
  },
  crash: {
    share: 6,
    task: (_, random) => ({ command: sh(`kill -${random() < 0.5 ? 'SEGV' : 'ABRT'} $$`) }),
    endings: [
      ['failed', 139],
      ['failed', 134],
    ],
  },
  large: {
    share: 8,
    task: () => ({ command: sh(`head -c ${printedBytes} /dev/zero | tr '\\0' x`) }),
    endings: [['passed', 0]],
  },
} as const satisfies Record<string, Kind>;

type KindName = keyof typeof kinds;

export interface MixedTask {
  readonly id: string;
  readonly kind: KindName;
}

/** So many tasks of all kinds; the same seed gives the same ones in the same order. */
export function mixedTasks(count: number, seed: number): MixedTask[] {
  const random = randomFrom(seed);
  const names = Object.keys(kinds) as KindName[];
  const wheel = names.flatMap((name) => Array<KindName>(kinds[name].share).fill(name));
  return Array.from({ length: count }, (_, index) => {
    // Each kind once, however few there are.
    const kind = names[index] ?? wheel[Math.floor(random() * wheel.length)] ?? 'pass';
    return { id: `${kind}-${1 + Math.floor(random() * 120)}-${index}`, kind };
  });
}

export function batchEntryOf({ id, kind }: MixedTask, seed: number): Record<string, unknown> {
  const { task }: Kind = kinds[kind];
  return { id, ...task(id, randomFrom(seed + id.length * 7919 + codeIn(id))) };
}

/** `failed 3` of each ending that the task may have. */
export function endingsOf({ id, kind }: MixedTask): string[] {
  const { endings }: Kind = kinds[kind];
  return endings.map(([status, code]) => `${status} ${code ?? codeIn(id)}`);
}

function codeIn(id: string): number {
  return Number(id.split('-')[1]);
}

/** Mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
