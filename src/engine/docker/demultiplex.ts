import type { Readable } from 'node:stream';
import { SandboxFailure } from '../../failure.ts';
import type { StreamSinks, Sink } from '../engine.ts';
import { pump } from '../pump.ts';

const headerBytes = 8;

/**
 * Splits an attached stream into the task's two streams, byte for byte, and stops reading while a sink asks to
 * wait, so that memory stays flat whatever the task prints. Frames: 1 byte stream, 3 bytes zero, 4 bytes length
 * (https://docs.docker.com/reference/api/engine/#tag/Container/operation/ContainerAttach).
 */
export async function demultiplex(source: Readable, sinks: StreamSinks): Promise<void> {
  const frames = new FrameReader(sinks);
  await pump(source, (chunk) => frames.read(chunk));
}

class FrameReader {
  readonly #sinks: StreamSinks;
  readonly #header = Buffer.alloc(headerBytes);
  #headerLength = 0;
  #payloadLeft = 0;
  #sink: Sink | null = null;

  constructor(sinks: StreamSinks) {
    this.#sinks = sinks;
  }

  /** Passes on what is there so far; answers what has to be waited for. */
  read(chunk: Buffer): Promise<unknown> | undefined {
    const runs = new Runs(chunk);
    let position = 0;
    while (position < chunk.length) {
      if (this.#payloadLeft === 0) {
        position += this.#readHeader(chunk.subarray(position, position + headerBytes));
        continue;
      }
      const end = Math.min(chunk.length, position + this.#payloadLeft);
      runs.add(this.#sink, position, end);
      this.#payloadLeft -= end - position;
      position = end;
    }
    return runs.finish();
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

/**
 * What follows on the same stream is moved together in the chunk itself, which is ours, so that a sink gets a few
 * large pieces and not one for each frame.
 */
class Runs {
  readonly #chunk: Buffer;
  readonly #waiting: Promise<void>[] = [];
  #sink: Sink | null = null;
  #start = 0;
  #end = 0;

  constructor(chunk: Buffer) {
    this.#chunk = chunk;
  }

  add(sink: Sink | null, start: number, end: number): void {
    if (sink !== this.#sink) {
      this.#pass();
      this.#sink = sink;
      this.#start = start;
      this.#end = start;
    }
    if (this.#end !== start) this.#chunk.copyWithin(this.#end, start, end);
    this.#end += end - start;
  }

  finish(): Promise<unknown> | undefined {
    this.#pass();
    return this.#waiting.length === 0 ? undefined : Promise.all(this.#waiting);
  }

  #pass(): void {
    if (this.#start === this.#end) return;
    const waiting = this.#sink?.(this.#chunk.subarray(this.#start, this.#end));
    if (waiting) this.#waiting.push(waiting);
  }
}
