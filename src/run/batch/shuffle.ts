import { sha256 } from '../../spec/sha256.ts';

/** The same order for the same seed, on every machine; what is given is left as it is. */
export function shuffled<T>(items: readonly T[], seed: string): T[] {
  const order = [...items];
  for (let left = order.length; left > 1; left -= 1) {
    const [chosen, last] = [numberBelow(left, seed), left - 1];
    // Both are in the list.
    [order[chosen], order[last]] = [order[last] as T, order[chosen] as T];
  }
  return order;
}

/** 48 bits of a digest: far more than there are tasks, so no number is seen to be likelier. */
function numberBelow(limit: number, seed: string): number {
  const digest = sha256().update(`${limit}:${seed}`).digest();
  return digest.readUIntBE(0, 6) % limit;
}
