import type { Standing } from './tally.ts';

const longestMs = 10_000;
const shortestMs = 1000;
const share = 0.1;

/** When a log says how far a batch is: after ten seconds, or a tenth of the tasks unless that took no time. */
export class LogPace {
  #lastMs: number | null = null;
  #lastDone = 0;

  isDue({ done, total }: Standing, nowMs: number): boolean {
    this.#lastMs ??= nowMs;
    // The last word has the same counts.
    if (done === this.#lastDone || done === total) return false;
    const sinceMs = nowMs - this.#lastMs;
    const isFar = done - this.#lastDone >= total * share;
    if (sinceMs < shortestMs || (!isFar && sinceMs < longestMs)) return false;
    this.#lastMs = nowMs;
    this.#lastDone = done;
    return true;
  }
}
