import type { Findings } from './findings.ts';

export interface ScanLimits {
  readonly files: number;
  readonly ms: number;
}

/** How far a scan may go. Once it is spent it stays spent, and the findings say so. */
export class ScanBudget {
  #files = 0;
  #isSpent = false;
  #endMs: number;
  readonly #limits: ScanLimits;
  readonly #findings: Findings;
  readonly #when: string;

  constructor(when: string, limits: ScanLimits, findings: Findings) {
    this.#when = when;
    this.#limits = limits;
    this.#findings = findings;
    this.#endMs = performance.now() + limits.ms;
  }

  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** False where one more file is too many. */
  take(): boolean {
    if (this.#isSpent) return false;
    if (this.#files >= this.#limits.files) return this.#spend(`${this.#limits.files} files`);
    this.#files += 1;
    if (performance.now() > this.#endMs) return this.#spend(`${this.#limits.ms} ms`);
    return true;
  }

  /** Leaves out what was not spent on scanning. */
  extend(ms: number): void {
    this.#endMs += ms;
  }

  #spend(limit: string): false {
    this.#isSpent = true;
    const sentence = `the scan ${this.#when} the task stopped at its limit of ${limit}`;
    this.#findings.add('scan', sentence);
    return false;
  }
}
