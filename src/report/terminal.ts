import { writeSync } from 'node:fs';
import { createColors } from 'picocolors';
import { Deferred } from '../engine/deferred.ts';
import type { ChunkReceiver } from '../run/output-relay.ts';
import { isReaderGone } from './reader-gone.ts';

/** The process's streams, as those who print need them. */
export interface Terminal {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
}

/** Colour only on a terminal, unless the usual variables say otherwise (https://no-color.org). */
export function colorsFor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
  const isForced = Boolean(env.FORCE_COLOR) && env.FORCE_COLOR !== '0';
  // Never undefined, or the library would look at the environment by itself, and takes CI for a terminal.
  const { isTTY } = stream as { isTTY?: boolean };
  const isCapable = isTTY === true && env.TERM !== 'dumb';
  return createColors(!env.NO_COLOR && (isForced || isCapable));
}

/** Our own words on stderr, and what a task or an engine put into them without its control characters. */
export function writeLine(terminal: Terminal, line: string): void {
  terminal.stderr.write(`${line}\n`);
}

/** A terminal would obey the one, and by the other show a line in another order than it is read in. */
export const unprintable = /[\p{Cc}\p{Bidi_Control}]/u;

/** Makes foreign text safe to print on a line, on which a newline would forge another. */
export function printable(text: string): string {
  return text.replace(new RegExp(unprintable, 'gu'), (character) => {
    if (character === '\t' || character === '\n') return ' ';
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}

/**
 * Passes chunks to a stream and answers a promise while it is full. Once its reader has gone every call throws,
 * so that whoever produces them learns of it.
 */
export function receiverFor(stream: NodeJS.WriteStream): ChunkReceiver {
  let gone: Error | null = null;
  const waiting = new Set<Deferred>();
  stream.on('error', (error: Error) => {
    gone = isReaderGone(stream, error) ? Object.assign(error, { code: 'EPIPE' }) : error;
    for (const written of waiting) written.reach();
    waiting.clear();
  });
  const fd = descriptorOf(stream);
  const spare = new SpareBuffer();
  const receive = (chunk: Buffer) => {
    if (gone) throw gone;
    const isFree = fd !== null && stream.writableLength === 0;
    const rest = isFree ? chunk.subarray(writtenAtOnce(fd, chunk)) : chunk;
    if (rest.length === 0) return undefined;
    const kept = isFree ? spare.copy(rest) : Buffer.from(rest);
    const written = new Deferred();
    waiting.add(written);
    stream.write(kept, () => {
      waiting.delete(written);
      written.reach();
    });
    return stream.writableLength === 0 ? undefined : written.reached;
  };
  return Object.assign(receive, { failure: () => gone });
}

/** Of a file or a pipe, which keeps nothing of what it has written; null for a terminal and for other streams. */
function descriptorOf(stream: NodeJS.WriteStream): number | null {
  const { fd, isTTY } = stream as { fd?: unknown; isTTY?: boolean };
  return typeof fd === 'number' && isTTY !== true ? fd : null;
}

/**
 * How much is taken without waiting. The stream would do the same with several times the work, and would not tell;
 * for what is left it knows how to wait, and what a failure means.
 */
function writtenAtOnce(fd: number, chunk: Buffer): number {
  try {
    return writeSync(fd, chunk);
  } catch {
    return 0;
  }
}

/** Used again for each copy, once nobody needs the one before. */
class SpareBuffer {
  #bytes = Buffer.alloc(0);

  copy(chunk: Buffer): Buffer {
    if (this.#bytes.length < chunk.length) this.#bytes = Buffer.allocUnsafeSlow(chunk.length);
    chunk.copy(this.#bytes);
    return this.#bytes.subarray(0, chunk.length);
  }
}
