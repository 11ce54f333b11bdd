/** Numbers below a bound that are the same in every run, so that what fails once fails again (mulberry32). */
export function seededRandom(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}

/** The same bytes in chunks of 0 to `longest` bytes. */
export function chunksOf(bytes: Buffer, longest: number, random: (bound: number) => number) {
  const chunks: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = Math.min(bytes.length, start + random(longest + 1));
    chunks.push(bytes.subarray(start, end));
    start = end;
  }
  return chunks;
}
