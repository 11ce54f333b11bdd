import { createHash } from 'node:crypto';

/** Numbers that the seed decides: the same plan for the same seed, on every machine. */
export class Seeded {
  readonly #seed: string;
  #drawn = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** A whole number from 0 to below the limit. */
  below(limit: number): number {
    const text = `${this.#seed}:${this.#drawn}`;
    this.#drawn += 1;
    return createHash('sha256').update(text).digest().readUIntBE(0, 6) % limit;
  }

  /** One of several, each as likely as its weight says. */
  pick<T extends string>(weights: Readonly<Record<T, number>>): T {
    const entries = Object.entries(weights) as [T, number][];
    let drawn = this.below(entries.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [name, weight] of entries) {
      if (drawn < weight) return name;
      drawn -= weight;
    }
    throw new Error('the weights add up to nothing');
  }
}
