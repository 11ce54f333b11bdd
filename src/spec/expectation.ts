import { quoted } from './found.ts';

/** Thrown by a value parser: what was expected. Whoever called it knows the setting's name and adds it. */
export class Expectation extends Error {
  /** `nearest`: what may have been meant. */
  constructor(expected: string, found: string, nearest: string | null = null) {
    const question = nearest === null ? '' : `, did you mean ${nearest}?`;
    super(`expected ${expected}, got ${quoted(found)}${question}`);
  }
}
