import { mkdir } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { startCli } from '../helpers/cli.ts';
import type { Ground } from './ground.ts';
import type { Fault, PlannedTask } from './plan.ts';
import { commandOf, scriptOf } from './tasks.ts';
import { type Seen, untruths } from './truth.ts';
import { wireFor } from './wire.ts';

export interface Ended {
  readonly task: PlannedTask;
  readonly status: string;
  /** How often it was begun: again after its client was killed. */
  readonly runs: number;
  readonly untruths: readonly string[];
}

/** No task of ours lasts as long: whatever does, hangs. */
const hangMs = 180_000;

/** One `sandbox run` in a process of its own, with what happens to it, until it has its receipt. */
export async function runOne(task: PlannedTask, ground: Ground): Promise<Ended> {
  await mkdir(ground.place.workspaceOf(task));
  const wire = await wireFor(task, {
    directory: ground.place.sockets,
    enginePath: ground.engine.socketPath,
  });
  const fromMs = performance.now();
  try {
    let ended = await runClient(task, ground, wire?.host ?? ground.engine.host);
    let runs = 1;
    // Nobody can write a receipt after SIGKILL, nor before argv was read: whoever wants one runs the task again, under
    // the same id.
    while (ended.wasKilled && (await ground.place.receiptOf(task)) === null) {
      runs += 1;
      ended = await runClient({ ...task, fault: 'none' }, ground, ground.engine.host);
    }
    return await judge(task, ground, { fromMs, runs, ...ended });
  } finally {
    await wire?.close();
  }
}

interface ClientEnd {
  readonly exitCode: number | null;
  readonly wasKilled: boolean;
  readonly hasHung: boolean;
  readonly stderr: string;
}

async function runClient(task: PlannedTask, ground: Ground, host: string): Promise<ClientEnd> {
  const { timeout, memory } = scriptOf(task);
  const limits = ['--timeout', timeout, '--memory', memory];
  const where = ['--id', task.id, '--receipt', ground.place.receiptPathOf(task), '--host', host];
  const args = ['run', ...where, ...ground.engineOptions, ...limits, '--', ...commandOf(task)];
  const running = startCli(args, {
    cwd: ground.place.workspaceOf(task),
    env: ground.environment,
    input: '',
  });
  const injected = inject(task, running, ground);
  const hang = new AbortController();
  const hasHung = await Promise.race([
    running.then(() => false),
    pause(hangMs, true, { signal: hang.signal }).catch(() => false),
  ]);
  hang.abort();
  if (hasHung) running.kill('SIGKILL');
  const { exitCode, signal, stderr } = await running;
  await injected;
  const wasKilled = signal !== undefined;
  return { exitCode: exitCode ?? null, wasKilled, hasHung, stderr: Buffer.from(stderr).toString() };
}

async function inject(
  task: PlannedTask,
  running: ReturnType<typeof startCli>,
  ground: Ground,
): Promise<void> {
  if (task.fault === 'reader-gone')
    running.stdout.once('data', () => void running.stdout.destroy());
  if (task.fault === 'killed-outside') await ground.killContainerOf(task);
  if (task.fault === 'stopped-by-us') await ground.stop(task);
  const signals = clientSignals[task.fault];
  if (signals === undefined) return;
  await pause(task.faultAfterMs);
  for (const signal of signals) {
    running.kill(signal);
    await pause(50);
  }
}

const clientSignals: Partial<Record<Fault, readonly NodeJS.Signals[]>> = {
  'client-sigterm': ['SIGTERM'],
  'client-sigint-twice': ['SIGINT', 'SIGINT'],
  'client-sigkill': ['SIGKILL'],
};

interface ToJudge extends ClientEnd {
  readonly fromMs: number;
  readonly runs: number;
}

async function judge(task: PlannedTask, ground: Ground, told: ToJudge): Promise<Ended> {
  const { runs, exitCode, hasHung, wasKilled, stderr } = told;
  const receipt = await ground.place.receiptOf(task);
  if (hasHung || receipt === null) {
    const what = hasHung ? 'hung' : 'has no receipt';
    return {
      task,
      status: what,
      runs,
      untruths: [`${task.id} (${task.fault}) ${what}: ${stderr}`],
    };
  }
  const seen: Seen = {
    receipt,
    exitCode: wasKilled ? null : exitCode,
    hasWitness: await ground.place.hasWitness(task),
    metOutage: ground.wasOut(told.fromMs, performance.now()),
  };
  return { task, status: receipt.status, runs, untruths: untruths(task, seen) };
}
