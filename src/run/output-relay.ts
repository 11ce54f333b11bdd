import type { Sink } from '../engine/engine.ts';
import { type CapturedOutput, OutputCapture } from '../outcome/output.ts';

/** Receives a stream's chunks as they come; a promise asks to wait before the next one. */
export type ChunkReceiver = (chunk: Buffer) => void | Promise<void>;

/**
 * One stream of a task on its way to the caller, captured as it passes. A caller who is slow slows the task
 * down; one who has gone away is told about once, and the capture goes on.
 */
export class OutputRelay {
  readonly #capture: OutputCapture;
  readonly #onGone: () => void;
  #receiver: ChunkReceiver | null;
  #release: () => void = () => undefined;
  readonly #released: Promise<void>;

  constructor(limitBytes: number, receiver: ChunkReceiver | null, onGone: () => void) {
    this.#capture = new OutputCapture(limitBytes);
    this.#receiver = receiver;
    this.#onGone = onGone;
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  readonly sink: Sink = (chunk) => {
    this.#capture.write(chunk);
    const received = this.#pass(chunk);
    // What is still to come once the task has ended is little, and the receipt must not wait for a slow reader.
    return received && Promise.race([received, this.#released]);
  };

  /** The task has ended: from here on nobody is waited for. */
  release(): void {
    this.#release();
  }

  finish(): CapturedOutput {
    return this.#capture.finish();
  }

  #pass(chunk: Buffer): Promise<void> | undefined {
    try {
      const received = this.#receiver?.(chunk);
      return received?.catch(() => this.#gone());
    } catch {
      this.#gone();
      return undefined;
    }
  }

  #gone(): void {
    if (this.#receiver === null) return;
    this.#receiver = null;
    this.#onGone();
  }
}
