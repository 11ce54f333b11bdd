import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { SandboxFailure } from '../../failure.ts';

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;

/** Our ends of a task's standard streams, and the ends that it gets. */
export interface StandardStreams {
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** To be passed to a child, in this order. */
  readonly childFds: readonly [number | 'ignore', number, number];
  /** Once a child has them, so that their end is seen when it ends. */
  closeChildFds(): void;
}

/**
 * Real pipes, as in a container: what Node.js itself makes are sockets, and nobody can open /dev/stdout or
 * /dev/stdin where those are sockets. Node.js cannot make a pipe, and a named one would block whoever opens it
 * late; so a shell makes them, and what it has is opened once more.
 */
export async function makeStandardStreams(wanted: { stdin: boolean }): Promise<StandardStreams> {
  const maker = new PipeMaker();
  const [input, output, error] = await maker.paths();
  const stdin = wanted.stdin ? openSync(input, O_RDONLY) : null;
  const ours = wanted.stdin ? openSync(input, O_WRONLY | O_NONBLOCK) : null;
  const [stdout, stderr] = [openSync(output, O_WRONLY), openSync(error, O_WRONLY)];
  const childFds = [stdout, stderr, ...(stdin === null ? [] : [stdin])];
  const streams = {
    stdin: ours === null ? null : new Socket({ fd: ours, readable: false, writable: true }),
    stdout: reader(output),
    stderr: reader(error),
    childFds: [stdin ?? 'ignore', stdout, stderr] as const,
    closeChildFds: () => childFds.splice(0).forEach(closeSync),
  };
  await maker.close();
  return streams;
}

export function closeStreams(streams: StandardStreams): void {
  streams.closeChildFds();
  for (const stream of [streams.stdin, streams.stdout, streams.stderr]) stream?.destroy();
}

function reader(path: string): Readable {
  const fd = openSync(path, O_RDONLY | O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

/**
 * A pipeline: each part but the last has a pipe as its descriptor 5, tells who it is, and waits. A shell turns
 * its descriptors 0 and 1 about while it does so.
 */
const script =
  'part() { exec 5>&1; read line < /proc/self/stat; echo "$1 ${line%% *}" >&4; read line <&3; }; ' +
  'part 1 | part 2 | part 3 | read line <&3';

class PipeMaker {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor() {
    this.#child = spawn('/bin/sh', ['-c', script], {
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'exit');
    this.#exited.catch(() => undefined);
  }

  /** Three paths, each of which leads to both ends of a pipe of its own until this is closed. */
  async paths(): Promise<[string, string, string]> {
    let said = '';
    const told = this.#child.stdio[4] as Readable;
    const pidOf = (part: number) => new RegExp(`^${part} (\\d+)$`, 'm').exec(said)?.[1];
    for await (const chunk of told) {
      said += String(chunk);
      const pids = [pidOf(1), pidOf(2), pidOf(3)];
      const [first, second, third] = pids.map((pid) => `/proc/${pid ?? ''}/fd/5`);
      if (!pids.includes(undefined) && first && second && third) return [first, second, third];
    }
    throw new SandboxFailure('start-failed', 'no pipes could be made for the task');
  }

  async close(): Promise<void> {
    (this.#child.stdio[3] as Writable).end();
    await this.#exited;
  }
}
