import type { Readable } from 'node:stream';
import { within } from '../timer.ts';

const mostCharacters = 64 * 1024;
/** Longer than any of it takes to arrive; a process that stays behind may hold the other end for ever. */
export const lastWordsLimitMs = 2_000;

/** What is said on a stream, as it comes. */
export class LastWords {
  #text = '';
  readonly #ended: Promise<void>;

  constructor(stream: Readable | null) {
    this.#ended = this.#gather(stream).catch(() => undefined);
  }

  /** For whoever knows that nothing more will be said. */
  async all(): Promise<string> {
    await within(lastWordsLimitMs, this.#ended, undefined);
    return this.#text;
  }

  async #gather(stream: Readable | null): Promise<void> {
    if (stream === null) return;
    stream.setEncoding('utf8');
    for await (const chunk of stream) {
      if (this.#text.length < mostCharacters) this.#text += String(chunk);
    }
  }
}
