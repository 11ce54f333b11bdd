import { spawnSync } from 'node:child_process';
import type { ChunkReceiver } from '../run/output-relay.ts';
import type { CallersTerminal } from '../run/run-task.ts';
import type { TerminalSize } from '../spec/task-spec.ts';
import { ScreenModes } from './screen-modes.ts';

/** What a terminal is taken for that does not tell its size. */
const usualSize: TerminalSize = { columns: 80, rows: 24 };

export function terminalSize({ columns, rows }: Partial<TerminalSize>): TerminalSize {
  return columns && rows ? { columns, rows } : usualSize;
}

/**
 * The caller's terminal while a task has it: every key goes to the task, Ctrl-C too, and every byte of its output is
 * obeyed as it is. Node itself restores it where this program breaks down.
 */
export class RawTerminal implements CallersTerminal {
  readonly #stdin: NodeJS.ReadStream;
  readonly #stdout: NodeJS.WriteStream;
  readonly #modes = new ScreenModes();
  #resize: (() => void) | null = null;

  constructor(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream) {
    this.#stdin = stdin;
    this.#stdout = stdout;
  }

  /** The same, with an eye on what it does to the terminal. */
  watched(receive: ChunkReceiver): ChunkReceiver {
    const watching = (chunk: Buffer) => {
      this.#modes.see(chunk);
      return receive(chunk);
    };
    return Object.assign(watching, { failure: () => receive.failure?.() ?? null });
  }

  attach(): void {
    // One that has gone away is told of by its hangup.
    this.#stdin.on('error', () => undefined);
    makeRaw(this.#stdin);
    process.on('SIGCONT', this.#onContinue).on('SIGTSTP', this.#onStop);
  }

  follow(resize: (size: TerminalSize) => Promise<void>): void {
    const tell = latestOnly(resize);
    this.#resize = () => tell(terminalSize(this.#stdout));
    this.#stdout.on('resize', this.#resize);
    this.#resize();
  }

  detach(): void {
    if (this.#resize) this.#stdout.off('resize', this.#resize);
    process.off('SIGCONT', this.#onContinue).off('SIGTSTP', this.#onStop);
    this.#stdin.setRawMode(false);
    // A program that was killed could not do it itself, and one that left them so is gone.
    const undoing = this.#modes.undo();
    if (undoing !== '' && this.#stdout.isTTY) this.#stdout.write(undoing);
  }

  readonly #onContinue = () => {
    makeRaw(this.#stdin);
    this.#resize?.();
  };

  /** Whoever stops us has a use for the terminal. */
  readonly #onStop = () => {
    this.#stdin.setRawMode(false);
    process.kill(process.pid, 'SIGSTOP');
  };
}

/** Also after a stop, when the shell that this was started from has changed the terminal. */
function makeRaw(stdin: NodeJS.ReadStream): void {
  stdin.setRawMode(false);
  stdin.setRawMode(true);
  // Node leaves this on: a program that moves the cursor down would also move it to the left. What turns raw mode
  // off restores it with the rest.
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
}

/** One call at a time, so that the last size stays the last one; those that came between are left out. */
function latestOnly(resize: (size: TerminalSize) => Promise<void>): (size: TerminalSize) => void {
  let next: TerminalSize | null = null;
  let isTelling = false;
  const tellAll = async () => {
    isTelling = true;
    for (let size = next; size; size = next) {
      next = null;
      // A terminal of the wrong size is no reason to end anything.
      await resize(size).catch(() => undefined);
    }
    isTelling = false;
  };
  return (size) => {
    next = size;
    if (!isTelling) void tellAll();
  };
}
