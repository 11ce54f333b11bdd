import type { Hash } from 'node:crypto';
import { sha256 } from '../spec/sha256.ts';
import type { KeptOutput } from './kept-output.ts';

/** Bytes as text where they are UTF-8, as base64 where they are not; exactly one of the two is set. */
export interface EncodedBytes {
  readonly text: string | null;
  readonly base64: string | null;
}

/** What a receipt keeps of a stream. */
export interface CapturedOutput extends EncodedBytes {
  /** The last part, where the middle was left out. */
  readonly tail: EncodedBytes | null;
  /** How often a secret was replaced before it got here. */
  readonly redactions: number;
  readonly truncated: boolean;
  readonly omittedBytes: number;
  /** Of the whole stream, kept or not. */
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Keeps the first and the last part of a stream in memory of a fixed size, and counts and digests the whole.
 * Everything is copied: a slice would keep the whole network buffer it came from alive.
 */
export class OutputCapture {
  #hash: Hash | null = null;
  readonly #headLimit: number;
  readonly #tailLimit: number;
  #head = Buffer.alloc(0);
  #headLength = 0;
  #tail: Buffer | null = null;
  #tailLength = 0;
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#headLimit = Math.ceil(limitBytes / 2);
    this.#tailLimit = Math.floor(limitBytes / 2);
  }

  write(chunk: Buffer): void {
    this.#digest().update(chunk);
    this.#bytes += chunk.length;
    const room = Math.min(this.#headLimit - this.#headLength, chunk.length);
    if (room > 0) this.#appendToHead(chunk.subarray(0, room));
    if (room < chunk.length) this.#appendToTail(chunk.subarray(room));
  }

  /** What there is of it so far. */
  kept(): KeptOutput {
    // The first part only grows, the last one is written over.
    const head = this.#head.subarray(0, this.#headLength);
    const tail = Buffer.from(this.#orderedTail());
    return { head, tail, omittedBytes: this.#bytes - head.length - tail.length };
  }

  /** Ends the capture: may be called once. */
  finish(redactions = 0): CapturedOutput {
    const head = this.#head.subarray(0, this.#headLength);
    const tail = this.#orderedTail();
    const facts = { redactions, bytes: this.#bytes, sha256: this.#digest().digest('hex') };
    if (head.length + tail.length === this.#bytes) {
      const whole = encode(Buffer.concat([head, tail]));
      return { ...whole, tail: null, truncated: false, omittedBytes: 0, ...facts };
    }
    return { ...encodeParts(head, tail, this.#bytes), truncated: true, ...facts };
  }

  /** Made before anything is waited for, where there is time for it. */
  prepare(): void {
    this.#digest();
  }

  #digest(): Hash {
    return (this.#hash ??= sha256());
  }

  #appendToHead(part: Buffer): void {
    const needed = this.#headLength + part.length;
    if (needed > this.#head.length) {
      const grown = Buffer.alloc(
        Math.min(this.#headLimit, Math.max(needed, 4096, this.#head.length * 2)),
      );
      this.#head.copy(grown, 0, 0, this.#headLength);
      this.#head = grown;
    }
    part.copy(this.#head, this.#headLength);
    this.#headLength = needed;
  }

  /** A ring: position `#tailLength % #tailLimit` is the oldest byte once it is full. */
  #appendToTail(part: Buffer): void {
    if (this.#tailLimit === 0) return;
    this.#tail ??= Buffer.alloc(this.#tailLimit);
    const last = part.subarray(Math.max(0, part.length - this.#tailLimit));
    const start = (this.#tailLength + part.length - last.length) % this.#tailLimit;
    const copied = last.copy(this.#tail, start);
    last.copy(this.#tail, 0, copied);
    this.#tailLength += part.length;
  }

  #orderedTail(): Buffer {
    if (!this.#tail) return Buffer.alloc(0);
    if (this.#tailLength <= this.#tailLimit) return this.#tail.subarray(0, this.#tailLength);
    const oldest = this.#tailLength % this.#tailLimit;
    return Buffer.concat([this.#tail.subarray(oldest), this.#tail.subarray(0, oldest)]);
  }
}

/** A cut may fall inside a character: those bytes count as left out, so that text stays text. */
function encodeParts(head: Buffer, tail: Buffer, bytes: number) {
  const wholeHead = head.subarray(0, lastCharacterEnd(head));
  const wholeTail = tail.subarray(firstCharacterStart(tail));
  const texts = [encode(wholeHead), encode(wholeTail)] as const;
  const areText = texts.every(({ text }) => text !== null);
  const [first, last] = areText ? texts : [encodeBase64(head), encodeBase64(tail)];
  const kept = areText ? wholeHead.length + wholeTail.length : head.length + tail.length;
  return { ...first, tail: last, omittedBytes: bytes - kept };
}

const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

function firstCharacterStart(buffer: Buffer): number {
  let start = 0;
  while (start < 3 && isContinuation(buffer[start])) start += 1;
  return start;
}

/** Where the last complete character ends, looking back over at most one incomplete one. */
export function lastCharacterEnd(buffer: Buffer): number {
  let lead = buffer.length - 1;
  while (lead > buffer.length - 4 && isContinuation(buffer[lead])) lead -= 1;
  const byte = buffer[lead] ?? 0;
  const width = characterWidth(byte);
  return lead + width > buffer.length ? lead : buffer.length;
}

/** By its first byte; 1 for a byte that starts no character, so that it is kept and makes the part binary. */
function characterWidth(byte: number): number {
  if (byte >= 0xf0 && byte <= 0xf4) return 4;
  if (byte >= 0xe0 && byte <= 0xef) return 3;
  return byte >= 0xc2 && byte <= 0xdf ? 2 : 1;
}

/** As text where they are, which leaves nothing of them out, else as base64. */
export function encode(buffer: Buffer): EncodedBytes {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return { text: decoder.decode(buffer), base64: null };
  } catch {
    return encodeBase64(buffer);
  }
}

function encodeBase64(buffer: Buffer): EncodedBytes {
  return { text: null, base64: buffer.toString('base64') };
}
