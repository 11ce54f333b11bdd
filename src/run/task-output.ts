import type { OutputSinks } from '../engine/engine.ts';
import type { KeptStreams, StreamName } from '../outcome/kept-output.ts';
import type { CapturedOutput } from '../outcome/output.ts';
import type { Redactor } from '../outcome/redactor.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import { OutputRelay } from './output-relay.ts';
import type { RunIo } from './run-task.ts';

interface OutputOptions {
  readonly io: RunIo;
  readonly redactor: Redactor | null;
  /** Called once a reader has gone away. */
  readonly onGone: () => void;
  /** Gets what the receipt will have, as it comes. */
  readonly onCaptured: (stream: StreamName, chunk: Buffer) => void;
}

/** Both streams of one task. */
export class TaskOutput {
  readonly #stdout: OutputRelay;
  readonly #stderr: OutputRelay;

  constructor(spec: TaskSpec, { io, redactor, onGone, onCaptured }: OutputOptions) {
    const relay = (stream: StreamName, receiver: RunIo['onStdout']) =>
      new OutputRelay(spec.outputLimitBytes, {
        receiver,
        onGone,
        redaction: redactor?.stream() ?? null,
        passesRedacted: spec.redact,
        onCaptured: (chunk) => onCaptured(stream, chunk),
      });
    this.#stdout = relay('stdout', io.onStdout);
    this.#stderr = relay('stderr', io.onStderr);
  }

  /** What there is so far. */
  kept(): KeptStreams {
    return { stdout: this.#stdout.kept(), stderr: this.#stderr.kept() };
  }

  get sinks(): OutputSinks {
    const prepare = () => {
      this.#stdout.prepare();
      this.#stderr.prepare();
    };
    return { stdout: this.#stdout.sink, stderr: this.#stderr.sink, prepare };
  }

  /**
   * An engine reports no end while it cannot get rid of the output, so a reader that has stopped reading must
   * not hold up a task that is being ended. After SIGKILL nothing new can come, so all of it is taken.
   */
  allowAfter(signal: NodeJS.Signals): void {
    this.#allow(signal === 'SIGKILL' ? Infinity : graceBacklogBytes);
  }

  /** The task has ended: what is left of its output comes without waiting for a reader. */
  allowRest(): void {
    this.#allow(Infinity);
  }

  flush(): void {
    this.#stdout.flush();
    this.#stderr.flush();
  }

  /** What kept a reader from getting everything; null where nothing did. */
  async failure(): Promise<unknown> {
    // A stream tells of a failed write in the next turn at the earliest.
    await new Promise((resolve) => setImmediate(resolve));
    return this.#stdout.failure() ?? this.#stderr.failure();
  }

  finish(): { stdout: CapturedOutput; stderr: CapturedOutput } {
    return { stdout: this.#stdout.finish(), stderr: this.#stderr.finish() };
  }

  #allow(bytes: number): void {
    this.#stdout.allow(bytes);
    this.#stderr.allow(bytes);
  }
}

/** What a task that is being ended may still print while its reader stands still. */
const graceBacklogBytes = 16 * 1024 ** 2;
