import { type ByteName, textOfBytes } from '../engine/byte-name.ts';
import { isPathWithin, pathOf } from './place-path.ts';
import type { Place } from './walk.ts';

const mostPathBytes = 4 * 1024 ** 2;

/** How much a receipt lists: entries, and bytes of their paths (a path can be endlessly deep). */
export class ListBudget {
  #entries: number;
  #bytes = mostPathBytes;

  constructor(entries: number) {
    this.#entries = entries;
  }

  /** The path, or null where it is too much. */
  take(place: Place): ByteName | null {
    if (this.#entries <= 0 || !isPathWithin(this.#bytes, place)) return null;
    const path = pathOf(place);
    this.#entries -= 1;
    this.#bytes -= path.length;
    return path;
  }
}

/** As the receipt has it. */
export function namedPath(path: ByteName): { path: string | null; pathBase64: string | null } {
  const text = textOfBytes(path);
  if (text !== null) return { path: text, pathBase64: null };
  return { path: null, pathBase64: Buffer.from(path, 'latin1').toString('base64') };
}
