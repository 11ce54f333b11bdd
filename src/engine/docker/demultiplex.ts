import type { Readable } from 'node:stream';
import { SandboxFailure } from '../../failure.ts';
import type { OutputSinks, Sink } from '../engine.ts';
import { pump } from '../pump.ts';

const headerBytes = 8;

/**
 * Splits an attached stream into the task's two streams, byte for byte, and stops reading while a sink asks to
 * wait, so that memory stays flat whatever the task prints. Frames: 1 byte stream, 3 bytes zero, 4 bytes length
 * (https://docs.docker.com/reference/api/engine/#tag/Container/operation/ContainerAttach).
 */
export async function demultiplex(source: Readable, sinks: OutputSinks): Promise<void> {
  const frames = new FrameReader(sinks);
  await pump(source, (chunk) => frames.read(chunk));
}

class FrameReader {
  readonly #sinks: OutputSinks;
  readonly #header = Buffer.alloc(headerBytes);
  #headerLength = 0;
  #payloadLeft = 0;
  #sink: Sink | null = null;

  constructor(sinks: OutputSinks) {
    this.#sinks = sinks;
  }

  /** Passes on what is complete so far; answers what has to be waited for. */
  read(chunk: Buffer): Promise<unknown> | undefined {
    const waiting: Promise<void>[] = [];
    let position = 0;
    while (position < chunk.length) {
      if (this.#payloadLeft === 0) {
        position += this.#readHeader(chunk.subarray(position));
        continue;
      }
      const end = Math.min(chunk.length, position + this.#payloadLeft);
      const wait = this.#sink?.(chunk.subarray(position, end));
      if (wait) waiting.push(wait);
      this.#payloadLeft -= end - position;
      position = end;
    }
    return waiting.length === 0 ? undefined : Promise.all(waiting);
  }

  #readHeader(chunk: Buffer): number {
    const copied = chunk.copy(this.#header, this.#headerLength);
    this.#headerLength += copied;
    if (this.#headerLength < headerBytes) return copied;
    this.#headerLength = 0;
    this.#payloadLeft = this.#header.readUInt32BE(4);
    this.#sink = this.#sinkOf(this.#header[0]);
    return copied;
  }

  #sinkOf(stream: number | undefined): Sink {
    if (stream === 0 || stream === 1) return this.#sinks.stdout;
    if (stream === 2) return this.#sinks.stderr;
    throw new SandboxFailure('engine-error', `the engine sent an unknown stream ${stream ?? '?'}`);
  }
}
