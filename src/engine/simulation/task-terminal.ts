import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import type { TerminalSize } from '../../spec/task-spec.ts';
import { childrenOf, readProcess, readQuietly } from './process-facts.ts';
import { terminalLine } from './terminal-command.ts';

const { O_DIRECTORY, O_NOCTTY, O_NONBLOCK, O_RDONLY } = constants;

/** The command on the terminal of a script(1); null while it is not executed yet, and where it is over. */
export function commandOn(script: number): number | null {
  const [pid] = childrenOf(script);
  if (pid === undefined) return null;
  const words = readQuietly(`/proc/${pid}/cmdline`);
  // Until then it is a copy of script(1), then the shell with our line.
  return words === '' || words.includes(terminalLine) ? null : pid;
}

/** The terminal of one command, for whoever knows what size it should have. */
export class TaskTerminal {
  readonly #stty: string;
  /** The terminals of its sandbox, held so that a number is never looked up among somebody else's. */
  readonly #directory: number;
  readonly #name: string;

  private constructor(stty: string, directory: number, name: string) {
    this.#stty = stty;
    this.#directory = directory;
    this.#name = name;
  }

  /** Null where the command is over. */
  static of(command: number, stty: string): TaskTerminal | null {
    const found = readProcess(command);
    if (found === null || found.terminal === 0) return null;
    try {
      // What script(1) sees: the command may have gone elsewhere.
      const path = `/proc/${found.parent}/root/dev/pts`;
      const directory = openSync(path, O_RDONLY | O_DIRECTORY);
      return new TaskTerminal(stty, directory, String(minorOf(found.terminal)));
    } catch {
      return null;
    }
  }

  async resize({ columns, rows }: TerminalSize): Promise<void> {
    const path = `/proc/self/fd/${this.#directory}/${this.#name}`;
    const terminal = openSync(path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    try {
      const size = ['cols', String(columns), 'rows', String(rows)];
      const child = spawn(this.#stty, size, { env: {}, stdio: [terminal, 'ignore', 'ignore'] });
      await once(child, 'exit');
    } finally {
      closeSync(terminal);
    }
  }

  /** To be called once. */
  close(): void {
    closeSync(this.#directory);
  }
}

/** As /proc writes a device's number down; of a terminal's it is the name. */
function minorOf(device: number): number {
  return (device & 0xff) | ((device >>> 12) & 0xfff00);
}
