import type { Sink } from '../engine.ts';

/**
 * The engine's init is what starts the command, and it reports a command that cannot be started on the task's
 * own stderr. This guess from message text lives here and nowhere else; whoever uses it confirms it by looking
 * for the command in the image, since a task can print the same words.
 */
const tini: InitReport = {
  whole: /^\[FATAL tini \(\d+\)\] exec .* failed: [^\r\n]*\r?\n$/s,
  start: '[FATAL tini (N)] exec ',
  number: /^(\[FATAL tini \()\d+/,
};
/** Podman's, which ends with 1 whatever was wrong. */
const catatonit: InitReport = {
  whole: /^ERROR \(catatonit:\d+\): failed to exec pid1: [^\r\n]*\r?\n$/,
  start: 'ERROR (catatonit:N): failed to exec pid1: ',
  number: /^(ERROR \(catatonit:)\d+/,
};
const reports = [tini, catatonit];

interface InitReport {
  readonly whole: RegExp;
  /** How it begins, with N for the number of the process. */
  readonly start: string;
  readonly number: RegExp;
}

export function isInitReport(stderr: Buffer, exitCode: number): boolean {
  const text = stderr.toString('latin1');
  return [1, 126, 127].includes(exitCode) && reports.some(({ whole }) => whole.test(text));
}

/** A runtime starts the init itself, and says the same way that the kernel did not take the words that come with it. */
const lengthReport =
  /^(exec [^\s:]+|standard_init_linux\.go:\d+: exec user process caused): argument list too long\r?\n$/;
const lengthReportStarts = ['exec /', 'standard_init_linux.go:'];

/** To be believed only of words that may be too long: a task can print this as well. */
export function isLengthReport(stderr: Buffer, exitCode: number): boolean {
  return exitCode === 1 && lengthReport.test(stderr.toString('latin1'));
}

/** Longer than any path that can be executed, so a report is never cut. */
const mostHeldBytes = 8192;

/**
 * Holds back what may turn out to be the init's report. Anything that is not, or that is followed by more,
 * passes at once; `release` passes the rest on, `held` is what the task never said itself.
 */
export class HeldReport {
  readonly #next: Sink;
  readonly #starts: readonly string[];
  #held: Buffer | null = Buffer.alloc(0);

  constructor(next: Sink, { mayBeTooLong }: { mayBeTooLong: boolean }) {
    this.#next = next;
    this.#starts = mayBeTooLong ? lengthReportStarts : [];
  }

  get held(): Buffer {
    return this.#held ?? Buffer.alloc(0);
  }

  readonly sink: Sink = (chunk) => {
    if (this.#held === null) return this.#next(chunk);
    this.#held = Buffer.concat([this.#held, chunk]);
    return mayBecomeReport(this.#held, this.#starts) ? undefined : this.release();
  };

  release(): Promise<void> | undefined {
    const held = this.#held;
    this.#held = null;
    return held && held.length > 0 ? this.#next(held) : undefined;
  }

  drop(): void {
    this.#held = null;
  }
}

function mayBecomeReport(stderr: Buffer, starts: readonly string[]): boolean {
  if (stderr.length > mostHeldBytes) return false;
  const text = stderr.toString('latin1');
  const begun = [
    ...reports.map(({ start, number }) => ({ start, text: text.replace(number, '$1N') })),
    ...starts.map((start) => ({ start, text })),
  ];
  return begun.some((one) => one.start.startsWith(one.text) || one.text.startsWith(one.start));
}
