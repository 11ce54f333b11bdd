import { SandboxFailure } from '../../failure.ts';
import type { Sink } from '../engine.ts';
import { within } from '../timer.ts';

const mostWords = 200;
/** Whoever said them has ended; somebody may have taken over what they were said through. */
const lastWordLimitMs = 1_000;

/**
 * What script(1) says itself, as the command says all on its terminal. It speaks where it was ended by somebody else,
 * such as the task: it then ends the command and passes that off as a success.
 */
export class TerminalWords {
  #said = '';

  readonly sink: Sink = (chunk) => {
    this.#said = `${this.#said}${chunk.toString()}`.slice(0, mostWords);
    return undefined;
  };

  /** To be called once it has ended; `over` resolves when nothing more can be said. */
  async refuse(over: Promise<unknown>): Promise<void> {
    await within(
      lastWordLimitMs,
      over.catch(() => undefined),
      undefined,
    );
    const said = this.#said.trim();
    if (said === '') return;
    throw new SandboxFailure(
      'engine-lost',
      `the terminal of the task was ended, and the task with it: ${said}`,
      { hint: 'The command is not running any more; its exit code is not known.' },
    );
  }
}
