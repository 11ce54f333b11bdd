import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { type Readable, Writable } from 'node:stream';
import type { TerminalSize } from '../../spec/task-spec.ts';
import { pauseBetweenLooks, within } from '../timer.ts';
import { childrenOf, isAlive, readProcess, readQuietly, sendTo } from './process-facts.ts';
import { terminalLine } from './terminal-command.ts';
import { toldPid } from './told-pid.ts';

const { O_DIRECTORY, O_NOCTTY, O_NONBLOCK, O_RDONLY } = constants;

/** From the start of script(1) to that of the command it takes milliseconds. */
const commandLimitMs = 2_000;

interface TerminalParts {
  /** The process that makes the terminal. */
  readonly script: number;
  readonly stty: string;
  /** Settles when that process has ended. */
  readonly over: Promise<unknown>;
  /** What the command says of its own process id; null where that has another one for us. */
  readonly told: Readable | null;
}

/** The terminal of a task, and the command on it: what is meant for a task is meant for that. */
export class TaskTerminal {
  readonly #script: number;
  readonly #stty: string;
  /** Or over. */
  readonly #executed: Promise<void>;
  readonly #told: Promise<void>;
  #command: number | null = null;
  #place: Place | null = null;
  #isOver = false;

  constructor({ script, stty, over, told }: TerminalParts) {
    this.#script = script;
    this.#stty = stty;
    const onOver = () => {
      this.#isOver = true;
    };
    this.#executed = this.#watch(over.then(onOver, onOver));
    this.#executed.catch(() => undefined);
    this.#told = this.#hear(told);
  }

  /** Resolves once the command is known, where it has said so: no look sees one that is over in a moment. */
  async known(): Promise<void> {
    await within(commandLimitMs, this.#told, undefined);
  }

  /** Leads a session of its own, and is or becomes the command; null where it was never seen. */
  get command(): number | null {
    return this.#command;
  }

  /** To the leader alone, as an init passes a signal on. */
  async send(signal: NodeJS.Signals): Promise<boolean> {
    await within(commandLimitMs, this.#executed, null);
    const command = this.#command;
    return command !== null && isAlive(command) && sendTo(command, signal);
  }

  /** What is typed. Its end stays here: script(1) would make a Ctrl-D of it, and a shell take that for a farewell. */
  keys(input: Writable): Writable {
    input.on('error', () => undefined);
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => void input.write(chunk, done),
    });
  }

  async resize({ columns, rows }: TerminalSize): Promise<void> {
    await this.#executed;
    if (this.#place === null || this.#isOver) return;
    const { directory, name } = this.#place;
    const path = `/proc/self/fd/${directory}/${name}`;
    const terminal = openSync(path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    try {
      const size = ['cols', String(columns), 'rows', String(rows)];
      const child = spawn(this.#stty, size, { env: {}, stdio: [terminal, 'ignore', 'ignore'] });
      await once(child, 'exit');
    } finally {
      closeSync(terminal);
    }
  }

  close(): void {
    this.#isOver = true;
    if (this.#place) closeSync(this.#place.directory);
    this.#place = null;
  }

  async #hear(told: Readable | null): Promise<void> {
    const pid = told && (await toldPid(told));
    if (pid !== null) this.#command = pid;
  }

  /** Beside the task: script(1) ends once its output is read, whether or not the command was ever seen. */
  async #watch(over: Promise<void>): Promise<void> {
    while (!this.#isOver) {
      this.#command ??= childrenOf(this.#script)[0] ?? null;
      if (this.#command !== null && isExecuted(this.#command)) {
        this.#place = placeOf(this.#command, this.#script);
        return;
      }
      await Promise.race([pauseBetweenLooks(), over]);
    }
  }
}

/** Until then it is a copy of script(1), then the shell with our line. One that is over has no words. */
function isExecuted(pid: number): boolean {
  const words = readQuietly(`/proc/${pid}/cmdline`);
  return words !== '' && !words.includes(terminalLine);
}

/** Where a terminal is found. */
interface Place {
  /** Of the terminals of its sandbox: held, so that a name is never looked up among somebody else's. */
  readonly directory: number;
  readonly name: string;
}

/** As script(1) sees it, since the command may have gone elsewhere; null where it cannot be had. */
function placeOf(command: number, script: number): Place | null {
  const device = readProcess(command)?.terminal ?? 0;
  if (device === 0) return null;
  try {
    const directory = openSync(`/proc/${script}/root/dev/pts`, O_RDONLY | O_DIRECTORY);
    return { directory, name: String(minorOf(device)) };
  } catch {
    return null;
  }
}

/** As /proc writes a device's number down; of a terminal's it is the name. */
function minorOf(device: number): number {
  return (device & 0xff) | ((device >>> 12) & 0xfff00);
}
