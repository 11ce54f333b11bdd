import pLimit from 'p-limit';
import type { EngineFacts } from '../engine/engine.ts';
import { SandboxFailure, toFailure } from '../failure.ts';
import type { Receipt } from '../receipt/receipt.ts';
import { type IsolationLevel, isolationLevels } from '../spec/choices.ts';
import { addFindings, readFindings, unproven, whyIncomplete } from './findings.ts';
import { type Battery, ProbePlace, sweepPlaces } from './place.ts';
import type { Judgement, Probe, ProbeObservation, Stage, Verdict } from './probe.ts';

/** One probe, tried on this machine. */
export interface ProbeRow {
  readonly name: string;
  readonly tries: string;
  readonly expects: string;
  readonly verdict: Verdict;
  readonly evidence: string;
  readonly durationMs: number;
}

export interface Proof {
  readonly ok: boolean;
  readonly engine: EngineFacts | null;
  readonly level: IsolationLevel;
  readonly rows: readonly ProbeRow[];
}

/** What the engine says of itself before anything hostile is tried. */
interface Standing {
  readonly engine: EngineFacts | null;
  readonly level: IsolationLevel;
  readonly isolation: Receipt['isolation'];
  readonly network: Receipt['network'];
}

export interface ProveOptions {
  readonly probes: readonly Probe[];
  readonly least: IsolationLevel;
  /** Called in the order of the probes, as soon as each is known. */
  readonly onRow?: (row: ProbeRow) => void;
}

const concurrency = 4;

/**
 * Runs every probe that this level promises something about, each as a task of its own, and judges it. Rejects
 * with a SandboxFailure where not even a harmless task runs, or where less isolation than `least` is to be had;
 * with the reason of `battery.cancel` where that aborts: a probe that was cut off proves nothing.
 */
export async function prove(
  battery: Battery,
  { probes, least, onRow }: ProveOptions,
): Promise<Proof> {
  const [standing] = await Promise.all([standingOf(battery), sweepPlaces()]);
  refuseBelow(least, standing.level);
  const around = { ...battery, isSimulated: standing.isolation.simulated === true };
  const limit = pLimit(concurrency);
  const trying = probes.map((probe) => limit(() => tryProbe(probe, around, standing)));
  const rows = await rowsOf(trying, onRow);
  const { engine, level } = standing;
  return { ok: rows.every(({ verdict }) => !isFailing(verdict)), engine, level, rows };
}

async function rowsOf(
  trying: readonly Promise<ProbeRow>[],
  onRow: ProveOptions['onRow'],
): Promise<ProbeRow[]> {
  const rows: ProbeRow[] = [];
  try {
    for (const row of trying) {
      rows.push(await row);
      onRow?.(await row);
    }
    return rows;
  } finally {
    // Where one was cut off, the others still tidy up.
    await Promise.allSettled(trying);
  }
}

export function isFailing(verdict: Verdict): boolean {
  return verdict === 'broken' || verdict === 'unproven';
}

/** How a level keeps a promise; null where it does not give it. */
export function mechanismOf(probe: Probe, level: IsolationLevel): string | null {
  // A container in a machine of its own is asked for the same as any other container.
  if (level === 'vm') return probe.mechanism.vm ?? probe.mechanism.container ?? null;
  return probe.mechanism[level] ?? null;
}

const harmless = {
  language: 'sh',
  program: 'echo done',
} as const;

async function standingOf(battery: Battery): Promise<Standing> {
  const place = await ProbePlace.create(battery);
  try {
    const { error, engine, isolation, network } = await place.run(await place.spec(harmless, []));
    if (error) throw new SandboxFailure('start-failed', error.message, hintOf(error));
    return { engine, level: isolation.level ?? 'none', isolation, network };
  } finally {
    await place.remove();
  }
}

function hintOf({ hint }: { hint: string | null }): { hint?: string } {
  return hint === null ? {} : { hint };
}

function refuseBelow(least: IsolationLevel, level: IsolationLevel): void {
  if (isolationLevels.indexOf(level) >= isolationLevels.indexOf(least)) return;
  throw new SandboxFailure(
    'isolation-too-low',
    `--isolation ${least} was asked for, and this is only "${level}"`,
    { hint: `Nothing was tried. \`sandbox doctor --isolation ${least}\` says what is missing.` },
  );
}

async function tryProbe(probe: Probe, battery: Battery, standing: Standing): Promise<ProbeRow> {
  const startedMs = performance.now();
  const reason = whyNotPromised(probe, standing);
  const judgement =
    reason === null
      ? await judged(probe, battery)
      : ({ verdict: 'not-promised', evidence: reason } as const);
  const { name, tries, expects } = probe;
  const durationMs = Math.round(performance.now() - startedMs);
  return { name, tries, expects, ...judgement, durationMs };
}

/**
 * A limit that is not in force excuses only a simulation, which says beforehand what it cannot do. An engine
 * was asked for the limit: there it is broken.
 */
function whyNotPromised(probe: Probe, { level, isolation, network }: Standing): string | null {
  if (mechanismOf(probe, level) === null) return `level "${level}" does not promise it; not tried`;
  const missing = (probe.limits ?? []).filter((limit) => isolation.notEnforced.includes(limit));
  if (missing.length > 0 && isolation.simulated === true) {
    return `this simulation says that it does not enforce ${missing.join(', ')}; not tried`;
  }
  // These two lead nowhere by definition, whatever an engine has made of them.
  if (!probe.reaches || ['isolated', 'none'].includes(network.name)) return null;
  if (network.reaches === null) return `network "${network.name}" is the caller's own; not tried`;
  const open = probe.reaches.filter((reach) => network.reaches?.includes(reach));
  return open.length === 0
    ? null
    : `network "${network.name}" leads to ${open.join(', ')}; not tried`;
}

async function judged(probe: Probe, battery: Battery): Promise<Judgement> {
  const { cancel } = battery;
  cancel.throwIfAborted();
  try {
    const seen = await observe(probe, battery);
    cancel.throwIfAborted();
    const { status } = seen.receipt;
    if (status === 'not-started' || status === 'cancelled') {
      return unproven(whyIncomplete(seen.receipt));
    }
    return probe.judge(seen);
  } catch (error) {
    cancel.throwIfAborted();
    return unproven(toFailure(error).message);
  }
}

/** Runs one probe's task between what the host has prepared and what it looks at afterwards. */
export async function observe(probe: Probe, battery: Battery): Promise<ProbeObservation> {
  const place = await ProbePlace.create(battery);
  let stage: Stage = {};
  try {
    stage = (await probe.task.prepare?.(place)) ?? {};
    const receipt = await place.run(await place.spec(probe.task, stage.args ?? []));
    const findings = readFindings(receipt.stdout.text ?? '');
    const host = (await stage.after?.(receipt)) ?? {};
    return { receipt, findings: addFindings(findings, host) };
  } finally {
    await stage.dispose?.();
    await place.remove();
  }
}
