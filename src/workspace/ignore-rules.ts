import { posix } from 'node:path';
import { type IgnorePattern, compilePattern, matchesPattern } from './ignore-pattern.ts';

interface Rule {
  readonly text: string;
  /** True for `!pattern`, which takes back what earlier rules ignore. */
  readonly isException: boolean;
  readonly pattern: IgnorePattern;
}

/** Which rules match a path or one of its parents. */
export type Matched = readonly boolean[];

export interface Verdict {
  readonly isIgnored: boolean;
  /** For the children. */
  readonly matched: Matched;
}

/** Each is tried on each path, and a task may have planted the file. */
const mostRules = 1_000;
const mostRuleChars = 4_096;

/** What a .dockerignore file leaves out, with the meaning that it has for Docker. */
export class IgnoreRules {
  readonly #rules: readonly Rule[];

  private constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /** Throws an Error that says what is wrong with a pattern. */
  static parse(text: string): IgnoreRules {
    const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
    const rules = lines.flatMap((line) => ruleOf(line) ?? []);
    if (rules.length > mostRules) throw new Error(`it has more than ${mostRules} patterns`);
    return new IgnoreRules(rules);
  }

  /** Of a path without a leading slash; `parent` is the verdict on its directory, null at the top. */
  verdict(path: string, parent: Matched | null): Verdict {
    const isTooLong = path.length > mostRuleChars;
    const matched = this.#rules.map(({ pattern }, index) => {
      return parent?.[index] === true || (!isTooLong && matchesPattern(pattern, path));
    });
    const last = this.#rules.findLast((_, index) => matched[index] === true);
    return { isIgnored: last !== undefined && !last.isException, matched };
  }

  /** Whether something in an ignored directory may not be ignored. */
  mayKeepBelow(directory: string): boolean {
    const prefix = `${directory}/`;
    return this.#rules.some(({ isException, text }) => {
      return isException && (wildcard.test(text) || `${text}/`.startsWith(prefix));
    });
  }
}

const wildcard = /[*?[\\]/;

function ruleOf(line: string): Rule | null {
  const trimmed = line.trim();
  if (line.startsWith('#') || trimmed === '') return null;
  const isException = trimmed.startsWith('!');
  const written = isException ? trimmed.slice(1).trim() : trimmed;
  if (written === '') throw new Error('an exception without a pattern: !');
  const text = posix
    .normalize(written)
    .replace(/(?<=.)\/+$/, '')
    .replace(/^\/(?=.)/, '');
  if (text.length > mostRuleChars) {
    throw new Error(`a pattern is longer than ${mostRuleChars} characters`);
  }
  return { text, isException, pattern: compilePattern(text) };
}
