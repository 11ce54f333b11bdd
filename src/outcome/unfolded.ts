const newline = 0x0a;
const carriageReturn = 0x0d;

/**
 * Bytes without the line breaks that encoders put into what they write, and the way back to where each byte was.
 * Only a single line break goes: what is held back while a secret is not complete must stay bounded.
 */
export class Unfolded {
  readonly bytes: Buffer;
  /** Where each run of bytes without a break begins: here, and in the original. */
  readonly #runs: readonly { readonly at: number; readonly original: number }[];

  constructor(original: Buffer) {
    const parts: Buffer[] = [];
    const runs: { at: number; original: number }[] = [];
    let [start, at] = [0, 0];
    const take = (end: number) => {
      runs.push({ at, original: start });
      parts.push(original.subarray(start, end));
      at += end - start;
    };
    for (
      let end = original.indexOf(newline);
      end !== -1;
      end = original.indexOf(newline, end + 1)
    ) {
      const lineEnd = original[end - 1] === carriageReturn ? end - 1 : end;
      if (isBreak(original[lineEnd - 1]) || isBreak(original[end + 1])) continue;
      take(lineEnd);
      start = end + 1;
    }
    // The rest of a line break may be still to come.
    take(original.at(-1) === carriageReturn ? original.length - 1 : original.length);
    this.bytes = Buffer.concat(parts);
    this.#runs = runs;
  }

  /** Where the byte at a place was. */
  original(place: number): number {
    let [low, high] = [0, this.#runs.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#runs[middle]?.at ?? 0) <= place) low = middle;
      else high = middle - 1;
    }
    const run = this.#runs[low];
    return run ? run.original + place - run.at : place;
  }
}

function isBreak(byte: number | undefined): boolean {
  return byte === newline || byte === carriageReturn;
}
