import { type Problem, SandboxFailure } from '../../failure.ts';
import { keyOf } from './common-part.ts';
import type { FileProblem } from './file-entry.ts';

/** What is shown; the rest is counted. */
const mostShown = 50;
const mostCharacters = { subject: 60, message: 300 };

/** Everything that is wrong with a batch: what holds for all of it is told once, the rest with its line. */
export class BatchProblems {
  readonly #general = new Map<string, Problem>();
  readonly #located: FileProblem[];

  constructor(general: readonly Problem[], located: readonly FileProblem[]) {
    this.#located = [...located];
    for (const problem of general) this.addGeneral(problem);
  }

  /** The same is told once. */
  addGeneral({ subject, message }: Problem): void {
    const named = { subject: subject === '' ? 'all tasks' : subject, message };
    this.#general.set(keyOf(named), named);
  }

  addAt(problem: FileProblem): void {
    this.#located.push(problem);
  }

  /** Throws a SandboxFailure (`invalid-settings`) with the first of them, in the order of the file. */
  throwIfAny(file: string): void {
    const located = this.#located.toSorted((a, b) => a.line - b.line).map(withLine);
    const found = [...this.#general.values(), ...located];
    if (found.length === 0) return;
    const count = found.length === 1 ? '1 problem' : `${found.length} problems`;
    const more = found.length - mostShown;
    throw new SandboxFailure('invalid-settings', `${count} in ${file}, nothing was started`, {
      problems: [
        ...found.slice(0, mostShown).map(shortened),
        ...(more > 0 ? [{ subject: '…', message: `and ${more} more` }] : []),
      ],
      hint: 'See: sandbox batch --help',
    });
  }
}

function withLine({ line, subject, message }: FileProblem): Problem {
  return { subject: subject === '' ? `line ${line}` : `line ${line}: ${subject}`, message };
}

/** A file may hold megabytes where a word was expected. */
function shortened({ subject, message }: Problem): Problem {
  const cut = (text: string, most: number) =>
    text.length > most ? `${text.slice(0, most)}…` : text;
  return {
    subject: cut(subject, mostCharacters.subject),
    message: cut(message, mostCharacters.message),
  };
}
