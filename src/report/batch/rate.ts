const windowMs = 30_000;
const fewestMoments = 10;
const mostMoments = 2000;

/** How many tasks end in a second, as of late: over half a minute, or longer where few end in that time. */
export class RateMeter {
  /** The start, and then when each task ended; the oldest are forgotten. */
  #moments: number[];

  constructor(startedMs: number) {
    this.#moments = [startedMs];
  }

  add(nowMs: number): void {
    this.#moments.push(nowMs);
    if (this.#moments.length >= mostMoments) this.#moments = this.#moments.slice(-mostMoments / 2);
  }

  /** Null while none has ended. It falls while nothing ends. */
  perSecond(nowMs: number): number | null {
    const recent = this.#moments.findIndex((momentMs) => momentMs >= nowMs - windowMs);
    const fewest = Math.max(0, this.#moments.length - fewestMoments);
    const oldest = recent === -1 ? fewest : Math.min(recent, fewest);
    const spanMs = nowMs - (this.#moments[oldest] ?? nowMs);
    const ends = this.#moments.length - 1 - oldest;
    return ends > 0 && spanMs > 0 ? (ends * 1000) / spanMs : null;
  }
}

/** `12 tasks/s`, `1.3 tasks/s`, `14 tasks/min`. */
export function rateText(perSecond: number): string {
  if (perSecond >= 10) return `${Math.round(perSecond)} tasks/s`;
  if (perSecond >= 1) return `${perSecond.toFixed(1)} tasks/s`;
  const perMinute = perSecond * 60;
  return `${perMinute >= 10 ? Math.round(perMinute) : perMinute.toFixed(1)} tasks/min`;
}
