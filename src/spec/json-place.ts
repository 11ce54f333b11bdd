import { type JsonToken, jsonTokens } from './json-tokens.ts';

/** The names and numbers that lead to a value, from the outermost. */
export type JsonPath = readonly (string | number)[];

/** Where in valid JSON the key of a value stands, or a value that is in a list; null where there is no such value. */
export function indexOfPath(text: string, path: JsonPath): number | null {
  const walk = new Walk();
  for (const token of jsonTokens(text)) {
    if (walk.startsPart(token) && walk.isAt(path)) return token.index;
    walk.take(token);
  }
  return null;
}

class Walk {
  /** What each object or list that is open is at; null where an object waits for its next key. */
  readonly #open: (string | number | null)[] = [];

  isAt(path: JsonPath): boolean {
    return path.length === this.#open.length && path.every((part, at) => part === this.#open[at]);
  }

  /** Whether a key starts here, which is taken, or a value in a list. */
  startsPart({ text, isScalar }: JsonToken): boolean {
    const at = this.#open.at(-1);
    if (at === null && isScalar) {
      this.#move(JSON.parse(text) as string);
      return true;
    }
    return typeof at === 'number' && (isScalar || text === '{' || text === '[');
  }

  take({ text }: JsonToken): void {
    const at = this.#open.at(-1);
    if (text === '{') this.#open.push(null);
    else if (text === '[') this.#open.push(0);
    else if (text === '}' || text === ']') this.#open.pop();
    else if (text === ',') this.#move(typeof at === 'number' ? at + 1 : null);
  }

  #move(at: string | number | null): void {
    this.#open[this.#open.length - 1] = at;
  }
}
