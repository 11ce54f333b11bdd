import { SandboxFailure, errnoOf, messageOf } from '../failure.ts';
import { batchLineText } from '../report/batch/batch-json.ts';
import { BatchProgress } from '../report/batch/batch-progress.ts';
import type { Terminal } from '../report/terminal.ts';
import type { TaskReceiver } from '../run/batch/attempts.ts';
import type { BatchEvent } from '../run/batch/batch-event.ts';
import { BatchOutput } from '../run/batch/batch-output.ts';
import type { BatchIo } from '../run/batch/batch-run.ts';
import type { BatchSummary } from '../receipt/batch-summary.ts';
import type { BatchTask } from '../spec/batch/batch-task.ts';
import { aborted } from './until-read.ts';
import type { CommandArgs, Interrupts } from './command.ts';
import { batchOnlyFlags as flags, outputFlags } from './flags.ts';

/** What a batch shows while it runs: its progress on stderr, and events or output of tasks on stdout. */
export class BatchShow {
  readonly #progress: BatchProgress;
  readonly #output: BatchOutput | null;
  readonly #isJson: boolean;
  readonly #stdout: NodeJS.WriteStream;
  readonly #readerGone = new AbortController();

  constructor({ values }: CommandArgs, terminal: Terminal) {
    const isGiven = ({ name }: { name: string }) => values[name] === true;
    this.#isJson = isGiven(flags.json);
    this.#stdout = terminal.stdout;
    const tag = isGiven(flags.tag);
    this.#progress = new BatchProgress(terminal, { quiet: isGiven(outputFlags.quiet), tag });
    const isShown = !this.#isJson && (tag || isGiven(flags.keepOrder));
    this.#output = isShown
      ? new BatchOutput(
          (task, part) => this.#progress.show({ kind: 'task-output', task, ...part }),
          {
            isOrdered: isGiven(flags.keepOrder),
          },
        )
      : null;
    terminal.stdout.on('error', (error: Error) => this.#onStdoutError(error));
  }

  /** Aborted once nobody reads any more what is printed on stdout, or it cannot be written. */
  get readerGone(): AbortSignal {
    return this.#readerGone.signal;
  }

  get receiverFor(): ((task: BatchTask) => TaskReceiver) | null {
    return this.#output?.receiverFor ?? null;
  }

  readonly onEvent = (event: BatchEvent): void => {
    if (event.kind === 'task-ended') this.#output?.end(event.task);
    // What the tasks printed comes before the last words.
    if (event.kind === 'batch-ended') return;
    this.#tell(event);
  };

  /** Once everything that tasks printed was shown, or nobody waits for it any more. */
  async close(summary: BatchSummary, over: AbortSignal): Promise<void> {
    await Promise.race([this.#output?.close(), aborted(over)]);
    this.#tell({ kind: 'batch-ended', at: summary.finishedAt, summary });
  }

  /** Rejects with `output-not-writable` where what was to be shown could not be. */
  throwIfLost(): void {
    const reason: unknown = this.#readerGone.signal.reason;
    if (reason instanceof SandboxFailure) throw reason;
  }

  /** A reader that went away has what it wanted; that a disk is full is a failure. */
  #onStdoutError(error: Error): void {
    if (errnoOf(error) === 'EPIPE') this.#readerGone.abort('SIGPIPE');
    else {
      const message = `cannot write to standard output: ${messageOf(error)}`;
      const hint = 'The summary and the receipts were written.';
      this.#readerGone.abort(new SandboxFailure('output-not-writable', message, { hint }));
    }
  }

  /** Takes away what would be drawn again. */
  abandon(): void {
    this.#progress.close();
  }

  #tell(event: BatchEvent): void {
    void this.#progress.show(event);
    const line = this.#isJson ? batchLineText(event) : null;
    if (line !== null) this.#stdout.write(line);
  }
}

/**
 * Ctrl-C lets those that run finish, the second one ends them, the third one kills them. Any other signal, and a
 * reader that has gone away, ends them at once: nobody waits any more; the next signal kills them.
 */
export function batchStops(
  { cancel, force, last }: Interrupts,
  readerGone: AbortSignal,
): Pick<BatchIo, 'stop' | 'cancel' | 'force'> {
  const [patient, impatient, kill] = [0, 1, 2].map(() => new AbortController()) as Three;
  cancel.addEventListener('abort', () => {
    (cancel.reason === 'SIGINT' ? patient : impatient).abort(cancel.reason);
  });
  force.addEventListener('abort', () => {
    if (impatient.signal.aborted) kill.abort(force.reason);
  });
  return {
    stop: patient.signal,
    cancel: AbortSignal.any([impatient.signal, force, readerGone]),
    force: AbortSignal.any([kill.signal, last]),
  };
}

type Three = [AbortController, AbortController, AbortController];
