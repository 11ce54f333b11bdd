import type { Patient } from './patient.ts';

/** What one check found out. */
export interface Finding {
  readonly ok: boolean;
  /** False where it could not be made: because another one failed, or, where it is ok, for no fault of anybody's. */
  readonly checked: boolean;
  readonly finding: string;
  /** What to do about it; null where there is nothing to do, or nothing that we know. */
  readonly remedy: string | null;
}

/** One pre-flight check. To add one, add an entry to `checks`. */
export interface Check {
  readonly name: string;
  /** A check that takes longer has failed. */
  readonly limitMs: number;
  /** Checks without which this one cannot be made. */
  readonly needs: readonly string[];
  /** Absent: always. */
  readonly applies?: (patient: Patient) => boolean;
  /** Null where it could not be made because another one failed; a SandboxFailure is a finding, too. */
  run(patient: Patient, cancel: AbortSignal): Promise<Finding | null>;
}

export interface CheckRow extends Finding {
  readonly name: string;
  readonly durationMs: number;
}

export function good(finding: string): Finding {
  return { ok: true, checked: true, finding, remedy: null };
}

export function bad(finding: string, remedy: string | null): Finding {
  return { ok: false, checked: true, finding, remedy };
}

export function unchecked(cause: string): Finding {
  return { ok: false, checked: false, finding: `not checked, because of: ${cause}`, remedy: null };
}
