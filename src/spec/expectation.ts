/** Thrown by a value parser: what was expected. Whoever called it knows the setting's name and adds it. */
export class Expectation extends Error {
  constructor(expected: string, found: string) {
    super(`expected ${expected}, got ${JSON.stringify(found)}`);
  }
}
