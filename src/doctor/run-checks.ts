import { deadlineSignal, within } from '../engine/timer.ts';
import { toFailure } from '../failure.ts';
import { type Check, type CheckRow, type Finding, bad, unchecked } from './check.ts';
import type { Patient } from './patient.ts';
import { frozenRemedy, remedyOf } from './remedy.ts';

/** Makes every check that applies, side by side where they are independent; resolves to a row for each. */
export async function runChecks(
  checks: readonly Check[],
  patient: Patient,
  cancel: AbortSignal,
): Promise<readonly CheckRow[]> {
  const applying = checks.filter((check) => check.applies?.(patient) ?? true);
  const rows = new Map<string, Promise<CheckRow>>();
  for (const check of applying) rows.set(check.name, runOne(check, { patient, cancel, rows }));
  try {
    return await Promise.all(rows.values());
  } finally {
    await patient.close();
  }
}

interface Around {
  readonly patient: Patient;
  readonly cancel: AbortSignal;
  /** The rows of the checks before this one. */
  readonly rows: ReadonlyMap<string, Promise<CheckRow>>;
}

async function runOne(check: Check, { patient, cancel, rows }: Around): Promise<CheckRow> {
  const needed = await Promise.all(check.needs.map(async (name) => await rows.get(name)));
  const failed = needed.find((row) => row?.ok === false);
  const startedMs = performance.now();
  const finding = failed ? becauseOf(failed) : await limited(check, patient, cancel);
  const durationMs = Math.round(performance.now() - startedMs);
  return { name: check.name, ...finding, durationMs };
}

/** The check that really failed is the one to mend. */
function becauseOf(failed: CheckRow): Finding {
  const { name, ok, checked, finding, remedy } = failed;
  return checked ? unchecked(name) : { ok, checked, finding, remedy };
}

/** Whatever hangs is given up after its limit, and told to end. */
async function limited(check: Check, patient: Patient, cancel: AbortSignal): Promise<Finding> {
  const { limitMs } = check;
  const limit = deadlineSignal(limitMs);
  const late = bad(`no answer within ${limitMs / 1000} s`, frozenRemedy(patient.platform));
  try {
    const signal = AbortSignal.any([limit.signal, cancel]);
    const made = found(check, patient, signal);
    const finding = await within(limitMs, made, late);
    // What it threw because it was told to end is not the reason.
    if (limit.signal.aborted) return late;
    return finding ?? unchecked('engine');
  } finally {
    limit.clear();
  }
}

async function found(check: Check, patient: Patient, cancel: AbortSignal): Promise<Finding | null> {
  try {
    return await check.run(patient, cancel);
  } catch (error) {
    const failure = toFailure(error);
    return bad(failure.message, remedyOf(failure, patient.platform));
  }
}
