import type { HaltPolicy } from '../../spec/batch-options.ts';
import type { BatchRow } from '../../receipt/batch-summary.ts';

type EndedRow = Pick<BatchRow, 'status' | 'stoppedByOther'>;

/** Counts failures until there are as many as --halt allows. */
export class Halting {
  readonly #policy: HaltPolicy;
  readonly #total: number;
  #failed = 0;

  constructor(policy: HaltPolicy, total: number) {
    this.#policy = policy;
    this.#total = total;
  }

  /** What is to be done after one more task has ended; null where nothing. */
  after({ status, stoppedByOther }: EndedRow): 'soon' | 'now' | null {
    const isFailure = stoppedByOther || !['passed', 'cancelled', 'not-run'].includes(status);
    if (isFailure) this.#failed += 1;
    const { when } = this.#policy;
    return isFailure && when !== 'never' && this.#isEnough() ? when : null;
  }

  /** In whole numbers: 7 % of 100 are 7, and a little more as a fraction. */
  #isEnough(): boolean {
    const { threshold } = this.#policy;
    if ('count' in threshold) return this.#failed >= threshold.count;
    return this.#failed * 100 >= threshold.percent * this.#total;
  }
}
