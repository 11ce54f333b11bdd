import { errnoOf } from '../failure.ts';
import type { Findings, Gravity } from './findings.ts';
import { shortPathOf } from './place-path.ts';
import type { Observer } from './survey.ts';
import type { Unseen } from './walk.ts';

/** Remembers what could not be looked at. */
export class UnseenNotes implements Observer {
  readonly #findings: Findings;
  readonly #when: string;
  readonly #gravity: Gravity;

  constructor(findings: Findings, when: string, gravity: Gravity) {
    this.#findings = findings;
    this.#when = when;
    this.#gravity = gravity;
  }

  unseen({ place, cause }: Unseen): void {
    const reason = errnoOf(cause) === 'EACCES' ? ' (permission denied)' : '';
    const sentence = `could not be looked at ${this.#when} the task${reason}`;
    this.#findings.add(this.#gravity, sentence, shortPathOf(place));
  }
}
