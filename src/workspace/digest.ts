import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { TimeSlice } from '../engine/time-slice.ts';
import { type Facts, factsOf } from './facts.ts';
import { sha256 } from '../spec/sha256.ts';

export interface DigestLimits {
  readonly bytes: number;
  readonly ms: number;
}

/** A digest, or why there is none. */
export type DigestResult = { readonly sha256: string } | { readonly reason: string };

const chunkBytes = 256 * 1024;
const asFile =
  constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Digests files until its bytes or its time are used up. */
export class Digester {
  readonly #limits: DigestLimits;
  readonly #slice: TimeSlice;
  readonly #chunk = Buffer.allocUnsafe(chunkBytes);
  #bytes = 0;
  #ms = 0;

  constructor(limits: DigestLimits, slice: TimeSlice) {
    this.#limits = limits;
    this.#slice = slice;
  }

  /** Of the file that `facts` are of, and of no other: never through a symlink, never waiting on a FIFO. */
  async digest(path: string | Buffer, facts: Facts): Promise<DigestResult> {
    if (this.#bytes + facts.size > this.#limits.bytes) {
      return { reason: `files past the limit of ${this.#limits.bytes} bytes were not digested` };
    }
    if (this.#ms > this.#limits.ms) return this.#outOfTime();
    const startedMs = performance.now();
    let fd: number | null = null;
    try {
      fd = openSync(path, asFile);
      return await this.#read(fd, facts, startedMs + this.#limits.ms - this.#ms);
    } catch {
      return { reason: 'files could not be read, so they were not digested' };
    } finally {
      if (fd !== null) closeSync(fd);
      this.#ms += performance.now() - startedMs;
    }
  }

  async #read(fd: number, facts: Facts, endMs: number): Promise<DigestResult> {
    const changed = { reason: 'files changed while they were read, so they were not digested' };
    if (!isSameContent(fd, facts)) return changed;
    const hash = sha256();
    let left = facts.size;
    while (left > 0) {
      const count = readSync(fd, this.#chunk, 0, Math.min(left, chunkBytes), null);
      if (count === 0) return changed;
      hash.update(this.#chunk.subarray(0, count));
      left -= count;
      this.#bytes += count;
      if (performance.now() > endMs) return this.#outOfTime();
      if (this.#slice.isOver) await this.#slice.rest();
    }
    return isSameContent(fd, facts) ? { sha256: hash.digest('hex') } : changed;
  }

  #outOfTime(): DigestResult {
    return { reason: `files past the limit of ${this.#limits.ms} ms were not digested` };
  }
}

/** The mode may differ: privileges are cleared meanwhile, and that changes the ctime too. */
function isSameContent(fd: number, facts: Facts): boolean {
  const now = factsOf(fstatSync(fd, { bigint: true }));
  return (
    now.kind === 'file' &&
    now.ino === facts.ino &&
    now.size === facts.size &&
    now.mtimeNs === facts.mtimeNs
  );
}
