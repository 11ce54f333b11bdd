import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { StreamName } from '../outcome/kept-output.ts';
import { within } from '../engine/timer.ts';
import { type ControlMessage, lineOf } from './message.ts';

/** What may wait for a reader who is slow. */
const mostWaitingBytes = 1024 ** 2;
/** A reader who has taken nothing for so long is not waited for once the task has ended. */
const patienceMs = 200;
const mostRounds = 10;

/** Messages on their way to one reader. Whoever fills it never waits: a reader who is slow loses some, and is told. */
export class Outbox {
  readonly #socket: Socket;
  readonly #closed: Promise<unknown>;
  /** What is made only when there is room for it. */
  readonly #first: Iterator<ControlMessage>;
  readonly #queue: ControlMessage[] = [];
  readonly #lost: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  #waitingBytes = 0;
  #isFull = false;
  #last: ControlMessage | null = null;

  constructor(socket: Socket, first: Iterable<ControlMessage>) {
    this.#socket = socket;
    this.#first = first[Symbol.iterator]();
    this.#closed = socket.closed ? Promise.resolve() : once(socket, 'close');
    this.#closed.catch(() => undefined);
    socket.on('drain', () => {
      this.#isFull = false;
      this.#send();
    });
    this.#send();
  }

  push(stream: StreamName, chunk: Buffer): void {
    if (this.#last !== null) return;
    const isFirst = this.#waitingBytes === 0;
    if (!isFirst && this.#waitingBytes + chunk.length > mostWaitingBytes) {
      this.#lost[stream] += chunk.length;
      return;
    }
    this.#tellLost();
    this.#queue.push({ kind: 'output', stream, base64: chunk.toString('base64') });
    this.#waitingBytes += chunk.length;
    this.#send();
  }

  /** After everything that waits; nothing comes after it. */
  finish(last: ControlMessage): void {
    if (this.#last !== null) return;
    this.#last = last;
    this.#tellLost();
    this.#queue.push(last);
    this.#send();
  }

  /** Resolves once the reader has all of it, or has stopped taking it. */
  async delivered(): Promise<void> {
    for (let round = 0; round < mostRounds; round += 1) {
      const before = this.#takenBytes;
      const isClosed = await within(patienceMs, this.#closed.then(isTrue, isTrue), false);
      if (isClosed || this.#takenBytes <= before) break;
    }
    this.#socket.destroy();
  }

  get #takenBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  #tellLost(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const bytes = this.#lost[stream];
      if (bytes > 0) this.#queue.push({ kind: 'missing', stream, bytes, why: 'too-slow' });
      this.#lost[stream] = 0;
    }
  }

  #send(): void {
    while (!this.#isFull && this.#socket.writable) {
      const message = this.#next();
      if (message === null) return;
      this.#isFull = !this.#socket.write(lineOf(message));
      if (message === this.#last) this.#socket.end();
    }
  }

  #next(): ControlMessage | null {
    const first = this.#first.next();
    if (first.done !== true) return first.value;
    const message = this.#queue.shift() ?? null;
    if (message?.kind === 'output') this.#waitingBytes -= byteLength(message.base64);
    return message;
  }
}

function byteLength(base64: string): number {
  return Buffer.byteLength(base64, 'base64');
}

const isTrue = () => true;
