import { printable } from './terminal.ts';

/**
 * Makes what a task printed safe for a terminal, chunk by chunk: its lines stay lines, and what the terminal would
 * obey is shown instead. Bytes that are no text become U+FFFD.
 */
export class HarmlessText {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** It may be the first half of a line break. */
  #heldReturn = '';

  write(chunk: Uint8Array): string {
    const text = this.#heldReturn + this.#decoder.decode(chunk, { stream: true });
    this.#heldReturn = text.endsWith('\r') ? '\r' : '';
    return harmless(text.slice(0, text.length - this.#heldReturn.length));
  }

  end(): string {
    return harmless(this.#heldReturn + this.#decoder.decode());
  }
}

/** What was written over would be hidden, so a return alone begins a line, too. */
function harmless(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/[^\n\t]+/g, printable);
}
