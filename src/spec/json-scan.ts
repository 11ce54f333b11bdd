import { type JsonToken, jsonTokens } from './json-tokens.ts';

export interface JsonFinding {
  /** Where in the text. */
  readonly index: number;
  readonly message: string;
}

export interface JsonScan {
  /** What keeps it from being JSON. */
  readonly error: JsonFinding | null;
  /** Keys that one object has twice. */
  readonly repeated: readonly JsonFinding[];
}

/**
 * Looks at JSON token by token. `JSON.parse` is the one that reads it, but it says not in every version of Node.js
 * where an error is, and never that a key is there twice.
 */
export function scanJson(text: string): JsonScan {
  const grammar = new Grammar();
  for (const token of jsonTokens(text)) {
    const { wanted, repeated } = grammar;
    if (grammar.take(token)) continue;
    const got = token.text === '' ? 'the end' : JSON.stringify(token.text.slice(0, 40));
    const why = wanted.startsWith('a key') && token.text === '}' ? ' after a comma' : '';
    return {
      error: { index: token.index, message: `expected ${wanted}, got ${got}${why}` },
      repeated,
    };
  }
  return { error: null, repeated: grammar.repeated };
}

type Wanted =
  | 'a value'
  | 'a value or "]"'
  | 'a key in double quotes'
  | 'a key in double quotes or "}"'
  | '":" after the key'
  | '"," or "}"'
  | '"," or "]"'
  | 'nothing more';

class Grammar {
  wanted: Wanted = 'a value';
  readonly repeated: JsonFinding[] = [];
  /** The keys of each object that is open; null for a list. */
  readonly #open: (Set<string> | null)[] = [];

  /** False where it may not stand here. */
  take(token: JsonToken): boolean {
    const { text } = token;
    switch (this.wanted) {
      case 'a value':
        return this.#value(token);
      case 'a value or "]"':
        return text === ']' ? this.#close() : this.#value(token);
      case 'a key in double quotes':
        return this.#key(token);
      case 'a key in double quotes or "}"':
        return text === '}' ? this.#close() : this.#key(token);
      case '":" after the key':
        return this.#next('a value', text === ':');
      case '"," or "}"':
        return text === '}' ? this.#close() : this.#next('a key in double quotes', text === ',');
      case '"," or "]"':
        return text === ']' ? this.#close() : this.#next('a value', text === ',');
      case 'nothing more':
        return text === '';
    }
  }

  #next(wanted: Wanted, isRight: boolean): boolean {
    this.wanted = wanted;
    return isRight;
  }

  #value({ text, isScalar }: JsonToken): boolean {
    if (isScalar) return this.#ended();
    if (text === '{') {
      this.#open.push(new Set());
      return this.#next('a key in double quotes or "}"', true);
    }
    this.#open.push(null);
    return this.#next('a value or "]"', text === '[');
  }

  #key({ text, index, isScalar }: JsonToken): boolean {
    if (!isScalar || !text.startsWith('"')) return false;
    const keys = this.#open.at(-1);
    const key = JSON.parse(text) as string;
    if (keys?.has(key)) {
      this.repeated.push({ index, message: `the key ${JSON.stringify(key)} is there twice` });
    }
    keys?.add(key);
    return this.#next('":" after the key', true);
  }

  #close(): boolean {
    this.#open.pop();
    return this.#ended();
  }

  #ended(): boolean {
    const around = this.#open.at(-1);
    return this.#next(
      around === undefined ? 'nothing more' : around ? '"," or "}"' : '"," or "]"',
      true,
    );
  }
}
