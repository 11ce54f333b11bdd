import type { ChunkReceiver } from '../../run/output-relay.ts';
import type { BatchTask } from '../../spec/batch/batch-task.ts';
import { type Terminal, receiverFor } from '../terminal.ts';

const newline = Buffer.from('\n');

export interface TaskChunk {
  readonly task: BatchTask;
  readonly stream: 'stdout' | 'stderr';
  readonly chunk: Buffer;
}

interface Channel {
  readonly isTTY: boolean;
  readonly receive: ChunkReceiver;
  /** Whose line has not ended; null at the start of a line. */
  open: number | null;
}

/** Passes the output of tasks on as it is; with tags each line begins with the task's id and a tab. */
export class TaskPrinter {
  readonly #isTagged: boolean;
  readonly #channels: Readonly<Record<TaskChunk['stream'], Channel>>;

  constructor(terminal: Terminal, { tag }: { readonly tag: boolean }) {
    this.#isTagged = tag;
    const channel = (stream: NodeJS.WriteStream) => ({
      isTTY: (stream as { isTTY?: boolean }).isTTY === true,
      receive: receiverFor(stream),
      open: null,
    });
    this.#channels = { stdout: channel(terminal.stdout), stderr: channel(terminal.stderr) };
  }

  /** A promise asks to wait before the next one; throws once the reader has gone away. */
  print({ task, stream, chunk }: TaskChunk): void | Promise<void> {
    const channel = this.#channels[stream];
    if (chunk.length === 0) return undefined;
    const bytes = this.#isTagged ? tagged(chunk, task, channel.open) : chunk;
    channel.open = chunk.at(-1) === newline[0] ? null : task.index;
    return channel.receive(bytes);
  }

  /** Whether what others write to the terminal next would stand on the line of a task. */
  get isInLine(): boolean {
    return Object.values(this.#channels).some(({ isTTY, open }) => isTTY && open !== null);
  }

  /** Somebody has ended the line on the terminal. */
  endLine(): void {
    for (const channel of Object.values(this.#channels)) if (channel.isTTY) channel.open = null;
  }
}

/** A line that another task left open is ended first, so that no line has the words of two. */
function tagged(chunk: Buffer, { index, spec }: BatchTask, open: number | null): Buffer {
  const tag = Buffer.from(`${spec.id}\t`);
  const parts: Buffer[] = open === null || open === index ? [] : [newline];
  let isAtStart = open !== index;
  for (let start = 0; start < chunk.length;) {
    const found = chunk.indexOf(newline, start);
    const end = found === -1 ? chunk.length : found + 1;
    if (isAtStart) parts.push(tag);
    parts.push(chunk.subarray(start, end));
    start = end;
    isAtStart = true;
  }
  return Buffer.concat(parts);
}
