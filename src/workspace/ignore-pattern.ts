/** One pattern of a .dockerignore file, compiled. */
export type IgnorePattern = readonly Token[];

type Token =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'class'; readonly isNegated: boolean; readonly ranges: readonly Range[] }
  /** `?`, `*`, a `**` with more after it, a `**` at the end. */
  | { readonly kind: 'one' | 'some' | 'directories' | 'rest' };
type Range = readonly [first: number, last: number];

/** As Docker compiles them, for a path without a leading slash; throws an Error that says what is wrong. */
export function compilePattern(pattern: string): IgnorePattern {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length;) {
    const { token, end } = tokenAt(pattern, at);
    at = end;
    const last = tokens.at(-1);
    const isRepeated = last?.kind === token.kind && (token.kind === 'some' || isDeep(token));
    if (token.kind === 'text' && last?.kind === 'text') {
      tokens[tokens.length - 1] = { kind: 'text', text: last.text + token.text };
    } else if (!isRepeated) tokens.push(token);
  }
  return tokens;
}

function isDeep({ kind }: Token): boolean {
  return kind === 'directories' || kind === 'rest';
}

function tokenAt(pattern: string, at: number): { token: Token; end: number } {
  const char = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
  if (char === '*') return starAt(pattern, at);
  if (char === '?') return { token: { kind: 'one' }, end: at + 1 };
  if (char === '[') return classAt(pattern, at + 1);
  if (char !== '\\') return { token: { kind: 'text', text: char }, end: at + char.length };
  const { char: escaped, end } = classChar(pattern, at);
  return { token: { kind: 'text', text: String.fromCodePoint(escaped) }, end };
}

function starAt(pattern: string, at: number): { token: Token; end: number } {
  if (pattern[at + 1] !== '*') return { token: { kind: 'some' }, end: at + 1 };
  const end = pattern[at + 2] === '/' ? at + 3 : at + 2;
  return { token: { kind: end === pattern.length ? 'rest' : 'directories' }, end };
}

function classAt(pattern: string, start: number): { token: Token; end: number } {
  const isNegated = pattern[start] === '^';
  const ranges: Range[] = [];
  let at = isNegated ? start + 1 : start;
  while (ranges.length === 0 || pattern[at] !== ']') {
    const first = classChar(pattern, at);
    at = first.end;
    if (pattern[at] !== '-') {
      ranges.push([first.char, first.char]);
      continue;
    }
    const last = classChar(pattern, at + 1);
    at = last.end;
    ranges.push([first.char, last.char]);
  }
  return { token: { kind: 'class', isNegated, ranges }, end: at + 1 };
}

/** One character, or the one after a backslash. */
function classChar(pattern: string, at: number): { char: number; end: number } {
  const start = pattern[at] === '\\' ? at + 1 : at;
  const char = pattern.codePointAt(start);
  if (char === undefined) throw new Error(`the pattern ends too early: ${pattern}`);
  return { char, end: start + (char > 0xffff ? 2 : 1) };
}

/**
 * In time that the pattern and the path bound: a task may have planted the file, and the regular expressions
 * that others make of such patterns can take for ever.
 */
export function matchesPattern(pattern: IgnorePattern, path: string): boolean {
  return new Matching(pattern, path).from(0, 0);
}

class Matching {
  readonly #pattern: IgnorePattern;
  readonly #path: string;
  /** Where a try failed, so that it is not repeated. */
  readonly #failed = new Set<number>();

  constructor(pattern: IgnorePattern, path: string) {
    this.#pattern = pattern;
    this.#path = path;
  }

  from(tokenIndex: number, start: number): boolean {
    let at = start;
    for (let index = tokenIndex; index < this.#pattern.length; index += 1) {
      const token = this.#pattern[index];
      if (!token || token.kind === 'rest') return true;
      if (token.kind === 'some' || token.kind === 'directories') {
        return this.#fromAny(token.kind, index + 1, at);
      }
      const length = this.#lengthOf(token, at);
      if (length === null) return false;
      at += length;
    }
    return at === this.#path.length;
  }

  /** Tries every end that the token before `next` can have. */
  #fromAny(kind: 'some' | 'directories', next: number, start: number): boolean {
    for (let at = start; at <= this.#path.length; at += 1) {
      const isEnd = kind === 'some' || at === start || this.#path[at - 1] === '/';
      const key = next * (this.#path.length + 1) + at;
      if (isEnd && !this.#failed.has(key)) {
        if (this.from(next, at)) return true;
        this.#failed.add(key);
      }
      if (kind === 'some' && this.#path[at] === '/') return false;
    }
    return false;
  }

  /** Of what a token takes that has no choice; null where it does not match. */
  #lengthOf(token: Token, at: number): number | null {
    if (token.kind === 'text') {
      return this.#path.startsWith(token.text, at) ? token.text.length : null;
    }
    const char = this.#path.codePointAt(at);
    if (char === undefined) return null;
    const length = char > 0xffff ? 2 : 1;
    if (token.kind !== 'class') return char === slash ? null : length;
    const isIn = token.ranges.some(([first, last]) => first <= char && char <= last);
    return isIn === token.isNegated ? null : length;
  }
}

const slash = 0x2f;
