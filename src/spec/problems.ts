import { type Problem, SandboxFailure, messageOf } from '../failure.ts';
import { Expectation } from './expectation.ts';

/** Collects everything that is wrong, so that the caller hears of it all at once and nothing was started. */
export class Problems {
  readonly #found: Problem[];

  constructor(found: readonly Problem[] = []) {
    this.#found = [...found];
  }

  add(subject: string, message: string): void {
    this.#found.push({ subject, message });
  }

  /** Runs a parser; what it expected becomes a problem of `subject`, and the answer is undefined. */
  attempt<T>(subject: string, parse: () => T): T | undefined {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof Expectation)) throw error;
      this.add(subject, messageOf(error));
      return undefined;
    }
  }

  /** The same for a parser that has to look at the host. */
  async attemptAsync<T>(subject: string, parse: () => Promise<T>): Promise<T | undefined> {
    try {
      return await parse();
    } catch (error) {
      if (!(error instanceof Expectation)) throw error;
      this.add(subject, messageOf(error));
      return undefined;
    }
  }

  get found(): readonly Problem[] {
    return this.#found;
  }

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  throwIfAny(hint = 'See: sandbox run --help'): void {
    const count = this.#found.length;
    if (count === 0) return;
    const plural = count === 1 ? '1 problem' : `${count} problems`;
    throw new SandboxFailure(
      'invalid-settings',
      /sandbox (run|shell) /.test(hint) ? `${plural}, nothing was started` : plural,
      {
        problems: this.#found,
        hint,
      },
    );
  }
}
