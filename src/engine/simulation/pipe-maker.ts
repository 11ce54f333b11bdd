import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { SandboxFailure } from '../../failure.ts';
import type { PipePaths } from './standard-streams.ts';

/**
 * A pipeline: each part but the last has a pipe as its descriptor 5, tells who it is, and waits. A shell turns
 * its descriptors 0 and 1 about while it does so.
 */
const script =
  'part() { exec 5>&1; read line < /proc/self/stat; echo "$1 ${line%% *}" >&4; read line <&3; }; ' +
  'part 1 | part 2 | part 3 | read line <&3';

/** For shells that keep a here-document in a file: there is no other way in which every shell makes a pipe. */
export class PipeMaker {
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

  /** They lead nowhere once this is closed. */
  async paths(): Promise<PipePaths> {
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
