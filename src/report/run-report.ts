import type { RunEvent } from '../run/event.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import { type Verbosity, reportEvent } from './human.ts';
import { noteInterrupt } from './interrupt-note.ts';
import { reportOpening } from './opening-line.ts';
import { ProgressReport } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** What is told of a run while it goes on. */
export class RunReport {
  readonly #terminal: Terminal;
  readonly #spec: TaskSpec;
  readonly #verbosity: Verbosity;
  readonly #progress: ProgressReport;
  #isRunning = false;
  #endNote: () => void = () => undefined;

  constructor(terminal: Terminal, spec: TaskSpec, verbosity: Verbosity) {
    this.#terminal = terminal;
    this.#spec = spec;
    this.#verbosity = verbosity;
    this.#progress = new ProgressReport(terminal, verbosity);
  }

  readonly onEvent = (event: RunEvent): void => {
    if (event.kind === 'image') this.#progress.show(event.progress);
    // Whatever else is said, and the task's own output, stands on lines of its own.
    else this.#progress.clear();
    if (event.kind === 'started' || event.kind === 'ended') {
      this.#isRunning = event.kind === 'started';
    }
    if (event.kind === 'ready' && this.#spec.tty && !this.#verbosity.quiet) {
      reportOpening(this.#terminal, this.#spec, event.facts);
    }
    reportEvent(this.#terminal, event, this.#verbosity);
  };

  /** At a terminal of the task's own nobody interrupts us. */
  watch(interrupts: { readonly cancel: AbortSignal; readonly force: AbortSignal }): void {
    if (!this.#terminal.stderr.isTTY || this.#verbosity.quiet || this.#spec.tty) return;
    const { killAfterMs } = this.#spec.limits;
    const isRunning = () => this.#isRunning;
    this.#endNote = noteInterrupt(this.#terminal, { ...interrupts, killAfterMs, isRunning });
  }

  close(): void {
    this.#endNote();
    this.#progress.close();
  }
}
