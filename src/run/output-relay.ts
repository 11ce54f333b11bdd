import type { Sink } from '../engine/engine.ts';
import type { KeptOutput } from '../outcome/kept-output.ts';
import { type CapturedOutput, OutputCapture } from '../outcome/output.ts';
import type { RedactingStream } from '../outcome/redactor.ts';

/**
 * Receives a stream's chunks as they come, each valid only until it returns; a promise asks to wait before the next
 * one.
 */
export interface ChunkReceiver {
  (chunk: Buffer): void | Promise<void>;
  /** Why what was passed on so far did not arrive, for a receiver that learns of it later. */
  readonly failure?: () => Error | null;
}

interface RelayOptions {
  readonly receiver: ChunkReceiver | null;
  /** Called once, when the receiver has gone away. */
  readonly onGone: () => void;
  /** Keeps secrets out of what is captured. */
  readonly redaction: RedactingStream | null;
  /** Whether the receiver, too, gets them replaced. */
  readonly passesRedacted: boolean;
  /** Gets the same as the capture, at the same time. */
  readonly onCaptured?: (chunk: Buffer) => void;
}

/**
 * One stream of a task on its way to the caller, captured as it passes. A caller who is slow slows the task
 * down; one who has gone away is told about once, and the capture goes on.
 */
export class OutputRelay {
  readonly #capture: OutputCapture;
  readonly #redaction: RedactingStream | null;
  readonly #passesRedacted: boolean;
  readonly #onGone: () => void;
  readonly #onCaptured: (chunk: Buffer) => void;
  #receiver: ChunkReceiver | null;
  /** What may still be passed on without waiting for the receiver. */
  #allowanceBytes = 0;
  #error: unknown = null;
  readonly #waiting = new Set<() => void>();

  constructor(limitBytes: number, options: RelayOptions) {
    this.#capture = new OutputCapture(limitBytes);
    this.#receiver = options.receiver;
    this.#onGone = options.onGone;
    this.#redaction = options.redaction;
    this.#passesRedacted = options.passesRedacted;
    this.#onCaptured = options.onCaptured ?? (() => undefined);
  }

  /** To be called while something else is being waited for. */
  prepare(): void {
    this.#capture.prepare();
  }

  readonly sink: Sink = (chunk) => {
    const redacted = this.#redaction?.write(chunk) ?? chunk;
    // First: its reader goes to work while the digest is made.
    const received = this.#pass(this.#passesRedacted ? redacted : chunk);
    this.#keep(redacted);
    if (!received || this.#allowanceBytes > 0) {
      this.#allowanceBytes = Math.max(0, this.#allowanceBytes - chunk.length);
      return undefined;
    }
    return this.#until(received);
  };

  /** From here on so much is passed on without waiting: the receiver's stream holds it in memory. */
  allow(bytes: number): void {
    this.#allowanceBytes = bytes;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** What kept the receiver from getting everything; null where nothing did. */
  failure(): unknown {
    return this.#error ?? this.#receiver?.failure?.() ?? null;
  }

  /** What was held back because a secret might have begun there. */
  flush(): void {
    const rest = this.#redaction?.end();
    if (!rest || rest.length === 0) return;
    this.#keep(rest);
    if (this.#passesRedacted) void this.#pass(rest);
  }

  kept(): KeptOutput {
    return this.#capture.kept();
  }

  finish(): CapturedOutput {
    this.flush();
    return this.#capture.finish(this.#redaction?.count ?? 0);
  }

  /** Not Promise.race with one long-lived promise: that would keep every wait that there ever was. */
  async #until(received: Promise<void>): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.add(resolve);
      void received.then(() => {
        this.#waiting.delete(resolve);
        resolve();
      });
    });
  }

  #keep(chunk: Buffer): void {
    this.#capture.write(chunk);
    this.#onCaptured(chunk);
  }

  #pass(chunk: Buffer): Promise<void> | undefined {
    if (chunk.length === 0) return undefined;
    try {
      const received = this.#receiver?.(chunk);
      // A callback may answer anything, such as what a write returned.
      if (!(received instanceof Promise)) return undefined;
      return received.catch((error: unknown) => this.#gone(error));
    } catch (error) {
      this.#gone(error);
      return undefined;
    }
  }

  #gone(error: unknown): void {
    if (this.#receiver === null) return;
    this.#error ??= error;
    this.#receiver = null;
    this.#onGone();
  }
}
