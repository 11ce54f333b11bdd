import type { Receipt } from '../../src/receipt/receipt.ts';
import type { Fault, PlannedTask } from './plan.ts';
import { scriptOf } from './tasks.ts';

/** What the soak itself saw of a task, however the receipt tells it. */
export interface Seen {
  readonly receipt: Receipt;
  /** Of `sandbox run`; null where it is not known, as for a task of a batch. */
  readonly exitCode: number | null;
  /** The task came to its own end: it left its witness. */
  readonly hasWitness: boolean;
  /** The engine was down, or the process of the batch was killed, while it ran. */
  readonly metOutage: boolean;
}

type Status = Receipt['status'];

/** Who may end a task of ours, by what happened to it. */
const canceller: Partial<Record<Fault, readonly (string | null)[]>> = {
  'client-sigterm': ['SIGTERM'],
  'client-sigint-twice': ['SIGINT'],
  'reader-gone': ['SIGPIPE'],
};

/** Everything about a receipt that is not true; nothing where all of it is. */
export function untruths(task: PlannedTask, seen: Seen): string[] {
  const { receipt } = seen;
  const wrong: string[] = [];
  const expectThat = (isSo: boolean, what: string) => {
    if (!isSo) wrong.push(`${task.id} (${task.kind}, ${task.fault}): ${what}`);
  };
  const allowed = statusesOf(task, seen);
  const about = `${receipt.status} ${JSON.stringify(receipt.task)} ${receipt.error?.message ?? ''}`;
  expectThat(allowed.includes(receipt.status), `expected ${allowed.join(' or ')}, got ${about}`);
  expectThat(receipt.id === task.id, `the receipt is of ${receipt.id}`);
  if (seen.exitCode !== null)
    expectThat(
      seen.exitCode === receipt.exitCode,
      `it exited ${seen.exitCode}, and its receipt says ${receipt.exitCode}`,
    );
  for (const what of contradictions(task, seen)) expectThat(false, what);
  return wrong;
}

function statusesOf(task: PlannedTask, { metOutage }: Seen): Status[] {
  const natural = naturalStatuses(task);
  const lost: Status[] = ['engine-failed', 'not-started'];
  if (metOutage) return [...natural, ...lost, 'cancelled'];
  if (task.fault === 'none' || task.fault === 'wire-slow' || task.fault === 'client-sigkill')
    return natural;
  if (task.fault.startsWith('wire-')) return [...natural, ...lost];
  return [...natural, 'cancelled'];
}

/** Its own end. An engine of this age loses some events of lack of memory, and then all there is is 137. */
function naturalStatuses(task: PlannedTask): Status[] {
  const { end } = scriptOf(task);
  if (end === 'passed') return ['passed'];
  if (end === 'timed-out') return ['timed-out'];
  if (end === 'not-found') return ['not-started'];
  if (end === 'out-of-memory') return ['out-of-memory', 'failed'];
  return ['failed'];
}

/** What a receipt says of itself and cannot be. */
function contradictions(task: PlannedTask, { receipt, hasWitness }: Seen): string[] {
  const { status, evidence, stdout } = receipt;
  const script = scriptOf(task);
  const isLost = status === 'engine-failed' || status === 'not-started';
  const [deadline, by] = [evidence.deadline, evidence.cancelledBy];
  const cancellers = canceller[task.fault];
  const signals = evidence.signalsSent.map(({ signal }) => signal);
  const hello = `hello ${task.id}\n`;
  const claims: [boolean, string][] = [
    [status === 'passed' && !hasWitness, 'passed, and it never came to its end'],
    [status === 'passed' && receipt.task?.exitCode !== 0, 'passed with another code than 0'],
    [
      status === 'failed' &&
        typeof script.end === 'number' &&
        (receipt.task?.exitCode !== script.end || !hasWitness),
      `failed otherwise than with ${String(script.end)}: ${JSON.stringify(receipt.task)}`,
    ],
    [
      status === 'failed' &&
        script.end === 'out-of-memory' &&
        (receipt.task?.exitCode !== 137 || evidence.oomKills === 0),
      `lack of memory told as ${JSON.stringify(receipt.task)}, ${String(evidence.oomKills)} kills`,
    ],
    [(status === 'timed-out') !== (deadline !== null), 'its deadline and its status differ'],
    [status === 'timed-out' && hasWitness, 'timed out, and it had come to its end'],
    [
      status === 'timed-out' && (receipt.timing.durationMs ?? 0) < (deadline?.limitMs ?? 0),
      'timed out before its time',
    ],
    [status === 'timed-out' && signals[0] !== 'SIGTERM', 'timed out without a signal'],
    [
      status === 'cancelled' && cancellers !== undefined && !cancellers.includes(by),
      `cancelled by ${String(by)}`,
    ],
    [!isLost && receipt.task === null && status !== 'cancelled', 'nothing known of its end'],
    [evidence.mayStillRun && status !== 'engine-failed', 'may still run'],
    [
      task.kind === 'passes' && status === 'passed' && stdout.text !== hello,
      `printed ${JSON.stringify(stdout.text)}`,
    ],
    [
      task.kind === 'prints-much' &&
        status === 'passed' &&
        evidence.outputComplete &&
        stdout.bytes !== 1_288_895,
      `printed ${String(stdout.bytes)} bytes`,
    ],
  ];
  return claims.filter(([isSo]) => isSo).map(([, what]) => what);
}
