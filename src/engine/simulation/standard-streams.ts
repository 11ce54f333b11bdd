import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;

/** Our ends of a task's standard streams. */
export interface StandardStreams {
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** Of the pipes for standard input, output and error: each leads to both ends of its pipe. */
export type PipePaths = readonly [input: string, output: string, error: string];

/** Our ends, open and not read from: without anybody who writes they would be at their end. */
export class OpenPipes {
  readonly #input: number | null;
  readonly #output: number;
  readonly #error: number;

  constructor([input, output, error]: PipePaths, wanted: { stdin: boolean }) {
    this.#input = wanted.stdin ? openSync(input, O_WRONLY | O_NONBLOCK) : null;
    this.#output = openSync(output, O_RDONLY | O_NONBLOCK);
    this.#error = openSync(error, O_RDONLY | O_NONBLOCK);
  }

  /** To be called once the other ends are open. */
  streams(): StandardStreams {
    const [input, stdout, stderr] = [this.#input, this.#output, this.#error];
    return {
      stdin: input === null ? null : new Socket({ fd: input, readable: false, writable: true }),
      stdout: new Socket({ fd: stdout, readable: true, writable: false }),
      stderr: new Socket({ fd: stderr, readable: true, writable: false }),
    };
  }

  close(): void {
    for (const fd of [this.#input, this.#output, this.#error]) if (fd !== null) closeSync(fd);
  }
}

export function closeStreams({ stdin, stdout, stderr }: StandardStreams): void {
  for (const stream of [stdin, stdout, stderr]) stream?.destroy();
}
