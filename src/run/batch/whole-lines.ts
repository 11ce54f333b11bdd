/** A line that is longer comes in parts. */
const mostBytes = 64 * 1024;
const newline = 0x0a;

/** Cuts a stream into whole lines, so that those of several tasks do not mix within a line. */
export class WholeLines {
  #rest = Buffer.alloc(0);

  /** What there is of whole lines, which may be nothing. */
  push(chunk: Buffer): Buffer {
    const all = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = all.lastIndexOf(newline) + 1;
    const isTooLong = all.length - end > mostBytes;
    this.#rest = isTooLong ? Buffer.alloc(0) : Buffer.from(all.subarray(end));
    return isTooLong ? all : all.subarray(0, end);
  }

  /** A last line without its end gets one. */
  finish(): Buffer {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest.length === 0 ? rest : Buffer.concat([rest, Buffer.from([newline])]);
  }
}
