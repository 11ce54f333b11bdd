import type { Problem } from '../failure.ts';
import type { Terminal } from '../report/terminal.ts';

/** What a command is called with. */
export interface CommandArgs {
  readonly values: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly rest: readonly string[];
  readonly problems: readonly Problem[];
  /** How many words of the rest may be the values of options that are not known. */
  readonly doubtful: number;
}

/** Each is aborted with the name of a signal. */
export interface Interrupts {
  readonly cancel: AbortSignal;
  readonly force: AbortSignal;
  /** After a third one. */
  readonly last: AbortSignal;
}

/** What a command may do to the process it runs in. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly stdin: NodeJS.ReadStream;
  /** From here on the first interrupt cancels and the second one forces. */
  readonly interrupts: () => Interrupts;
}

/** Resolves to the exit code. */
export type Command = (args: CommandArgs, context: CommandContext) => Promise<number>;
