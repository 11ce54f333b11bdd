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
  for (const token of tokensOf(text)) {
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

interface Token {
  readonly text: string;
  readonly index: number;
  /** Text, a number or a word of JSON. */
  readonly isScalar: boolean;
}

const [string, number, word, mark, other] = [
  String.raw`"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"`,
  String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])`,
  String.raw`(?:true|false|null)(?!\w)`,
  String.raw`[{}[\],:]`,
  String.raw`[^\s{}[\],:]+|$|.`,
];

/** The last one is empty: the end. What is no token of JSON is one that is wanted nowhere. */
function* tokensOf(text: string): Generator<Token> {
  const pattern = new RegExp(
    `[ \\t\\r\\n]*(?:(${string}|${number}|${word})|(${mark}|${other}))`,
    'sy',
  );
  for (;;) {
    const [, scalar, rest = ''] = pattern.exec(text) ?? [];
    const found = scalar ?? rest;
    yield {
      text: found,
      index: pattern.lastIndex - found.length,
      isScalar: scalar !== undefined,
    };
    if (found === '') return;
  }
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
  take(token: Token): boolean {
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

  #value({ text, isScalar }: Token): boolean {
    if (isScalar) return this.#ended();
    if (text === '{') {
      this.#open.push(new Set());
      return this.#next('a key in double quotes or "}"', true);
    }
    this.#open.push(null);
    return this.#next('a value or "]"', text === '[');
  }

  #key({ text, index, isScalar }: Token): boolean {
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
