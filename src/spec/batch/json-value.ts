import { type Problem, messageOf } from '../../failure.ts';
import { type EntryValue, emptyEntry, mostLevels, tooDeep } from './file-entry.ts';

interface PlacedProblem extends Problem {
  readonly position: number;
}

/** One JSON text, or why it is none. */
export type ReadJson =
  | {
      readonly value: EntryValue;
      readonly problems: readonly PlacedProblem[];
      /** Where the keys of the outermost object begin, in their order. */
      readonly keys: readonly (readonly [key: string, position: number])[];
    }
  | { readonly mistake: string; readonly position: number };

/** Like JSON.parse, but numbers keep their digits, and a key that is there twice is a problem. */
export function readJson(text: string): ReadJson {
  try {
    JSON.parse(text);
  } catch (error) {
    return mistakeOf(error, text);
  }
  const reader = new JsonReader(text);
  const value = reader.read('', 1);
  return value === undefined
    ? { mistake: tooDeep, position: 0 }
    : { value, problems: reader.problems, keys: reader.keys };
}

function mistakeOf(error: unknown, text: string): ReadJson {
  const message = messageOf(error);
  const [, reason = message, at] = /^(.*) in JSON at position (\d+)/s.exec(message) ?? [];
  const position = at === undefined ? 0 : Math.min(Number(at), text.length);
  const column = position - (text.lastIndexOf('\n', position - 1) + 1) + 1;
  const place = at === undefined ? '' : ` at column ${column}`;
  return { mistake: `expected JSON, found a mistake${place}: ${reason}`, position };
}

/** Reads text that is known to be JSON. */
class JsonReader {
  readonly problems: PlacedProblem[] = [];
  readonly keys: [string, number][] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Undefined where it is nested too deeply. */
  read(path: string, level: number): EntryValue | undefined {
    const first = this.#peek();
    if (first === '"') return this.#string();
    if (first !== '{' && first !== '[') return this.#word();
    if (level > mostLevels) return undefined;
    this.#at += 1;
    return first === '{' ? this.#object(path, level) : this.#array(path, level);
  }

  #object(path: string, level: number): EntryValue | undefined {
    const object = emptyEntry();
    while (this.#peek() !== '}') {
      const position = this.#at;
      const key = this.#string();
      if (level === 1) this.keys.push([key, position]);
      const subject = path === '' ? key : `${path}.${key}`;
      this.#skip(':');
      const value = this.read(subject, level + 1);
      if (value === undefined) return undefined;
      if (key in object)
        this.problems.push({ subject, position, message: 'expected each key once' });
      object[key] = value;
      if (this.#peek() === ',') this.#skip(',');
    }
    this.#skip('}');
    return object;
  }

  #array(path: string, level: number): EntryValue | undefined {
    const list: EntryValue[] = [];
    while (this.#peek() !== ']') {
      const value = this.read(path, level + 1);
      if (value === undefined) return undefined;
      list.push(value);
      if (this.#peek() === ',') this.#skip(',');
    }
    this.#skip(']');
    return list;
  }

  #string(): string {
    this.#peek();
    const start = this.#at;
    this.#at = endOfString(this.#text, start);
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #word(): string | null {
    const word = /[^\s,\]}]+/y;
    word.lastIndex = this.#at;
    const [text = ''] = word.exec(this.#text) ?? [];
    this.#at += text.length;
    return text === 'null' ? null : text;
  }

  /** The next character that is no space. */
  #peek(): string | undefined {
    while (this.#text.charCodeAt(this.#at) <= 0x20) this.#at += 1;
    return this.#text[this.#at];
  }

  #skip(character: string): void {
    this.#peek();
    this.#at += character.length;
  }
}

/** Behind the closing quote of the string that starts there, or the end of the text where it is not closed. */
export function endOfString(text: string, start: number): number {
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote === -1) return text.length;
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\' && quote - backslashes > from) backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
    from = quote + 1;
  }
}
