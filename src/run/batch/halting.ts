import type { HaltPolicy } from '../../spec/batch-options.ts';
import type { RowStatus } from '../../receipt/batch-summary.ts';

/** Counts failures until there are as many as --halt allows. */
export class Halting {
  readonly #policy: HaltPolicy;
  readonly #most: number;
  #failed = 0;

  constructor(policy: HaltPolicy, total: number) {
    const { threshold } = policy;
    this.#policy = policy;
    this.#most = 'count' in threshold ? threshold.count : Math.max(1, threshold.share * total);
  }

  /** What is to be done after one more task has ended; null where nothing. */
  after(status: RowStatus): 'soon' | 'now' | null {
    const isFailure = !['passed', 'cancelled', 'not-run'].includes(status);
    if (isFailure) this.#failed += 1;
    const { when } = this.#policy;
    return isFailure && when !== 'never' && this.#failed >= this.#most ? when : null;
  }
}
