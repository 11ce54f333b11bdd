/** Times the phases of one run by the monotonic clock, in milliseconds. A phase that never ran is absent. */
export class PhaseClock {
  readonly #durations = new Map<string, number>();

  async measure<T>(phase: string, work: () => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    try {
      return await work();
    } finally {
      this.#durations.set(phase, roundMs(performance.now() - startedMs));
    }
  }

  durations(): Record<string, number> {
    return Object.fromEntries(this.#durations);
  }
}

export function roundMs(ms: number): number {
  return Math.round(ms * 10) / 10;
}
