import type { ControlMessage } from '../control/message.ts';
import { type StreamName, streamNames } from '../outcome/kept-output.ts';
import { encode, lastCharacterEnd } from '../outcome/output.ts';
import type { ChunkReceiver } from '../run/output-relay.ts';
import { HarmlessText } from './harmless-text.ts';
import { writeNote } from './human.ts';
import { type Terminal, receiverFor } from './terminal.ts';

/** Nobody takes what is printed any more, and whoever owns the stream says why where it is a failure. */
export class ReaderGone extends Error {}

interface Channel {
  /** On a terminal; null elsewhere, where bytes are passed on as they are. */
  readonly harmless: HarmlessText | null;
  readonly receive: ChunkReceiver;
  /** What is printed there next would stand on a line of the task's. */
  isInLine: boolean;
}

/** Prints what a task has printed: each stream on its own, and what is missing as notes on stderr. */
export class LogPrinter {
  readonly #terminal: Terminal;
  readonly #channels: Readonly<Record<StreamName, Channel>>;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    const channel = (stream: NodeJS.WriteStream): Channel => {
      const { isTTY } = stream as { isTTY?: boolean };
      const harmless = isTTY === true ? new HarmlessText() : null;
      return { harmless, receive: receiverFor(stream), isInLine: false };
    };
    this.#channels = { stdout: channel(terminal.stdout), stderr: channel(terminal.stderr) };
  }

  /** Rejects with ReaderGone once nobody takes it any more. */
  async print(message: ControlMessage): Promise<void> {
    if (message.kind === 'missing') this.#note(missingText(message));
    if (message.kind !== 'output') return;
    await this.#pass(message.stream, Buffer.from(message.base64, 'base64'));
  }

  async end(): Promise<void> {
    for (const stream of streamNames) {
      const { harmless } = this.#channels[stream];
      if (harmless) await this.#write(stream, Buffer.from(harmless.end()));
    }
  }

  async #pass(stream: StreamName, bytes: Buffer): Promise<void> {
    const { harmless } = this.#channels[stream];
    await this.#write(stream, harmless ? Buffer.from(harmless.write(bytes)) : bytes);
  }

  async #write(stream: StreamName, bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    const channel = this.#channels[stream];
    channel.isInLine = channel.harmless !== null && bytes.at(-1) !== newline;
    await passed(channel.receive, bytes);
  }

  #note(text: string): void {
    const open = streamNames.find((stream) => this.#channels[stream].isInLine);
    if (open) {
      this.#terminal[open].write('\n');
      this.#channels[open].isInLine = false;
    }
    writeNote(this.#terminal, text);
  }
}

/** The same for programs: one JSON object a line. */
export class LogLines {
  readonly #receive: ChunkReceiver;
  /** Of each stream, the beginning of a character. */
  readonly #held = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };

  constructor({ stdout }: Terminal) {
    this.#receive = receiverFor(stdout);
  }

  async print(message: ControlMessage): Promise<void> {
    if (message.kind === 'accepted') return;
    if (message.kind !== 'output') {
      await this.#write(message);
      return;
    }
    const { stream, base64 } = message;
    const bytes = Buffer.concat([this.#held[stream], Buffer.from(base64, 'base64')]);
    const end = lastCharacterEnd(bytes);
    this.#held[stream] = bytes.subarray(end);
    if (end > 0) await this.#write({ kind: 'output', stream, ...encode(bytes.subarray(0, end)) });
  }

  async end(): Promise<void> {
    for (const stream of streamNames) {
      const bytes = this.#held[stream];
      if (bytes.length > 0) await this.#write({ kind: 'output', stream, ...encode(bytes) });
    }
  }

  async #write(value: object): Promise<void> {
    await passed(this.#receive, Buffer.from(`${JSON.stringify(value)}\n`));
  }
}

async function passed(receive: ChunkReceiver, bytes: Buffer): Promise<void> {
  try {
    await receive(bytes);
  } catch (cause) {
    throw new ReaderGone('the reader of the logs has gone', { cause });
  }
}

const newline = 0x0a;

function missingText({ bytes, stream, why }: Extract<ControlMessage, { kind: 'missing' }>): string {
  const reason =
    why === 'not-kept'
      ? 'were not kept (--output-limit)'
      : 'were dropped: this reader was too slow';
  return `${bytes} bytes of ${stream} ${reason}`;
}
