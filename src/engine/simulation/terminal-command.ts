import type { TerminalSize } from '../../spec/task-spec.ts';
import type { TerminalPrograms } from './terminal-programs.ts';

/** What starts on a terminal: a command, and its whole environment. */
export interface Startable {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const prefix = 'SANDBOX_TERMINAL_';

/** The descriptor on which the shell that becomes the command says which process it is, where somebody listens. */
export const tellsOn = 3;

/**
 * Constant, since script(1) hands it to a shell: the command's words come as variables, one each, and nothing of them
 * is ever read as shell text. The kernel's usual modes are set again, because script(1) takes a caller without a
 * terminal for one that wants no echo. What the command must not see is gone by the time that it is executed.
 */
export const terminalLine = `[ -z "$${prefix}TELLS" ] || { echo "$$" >&${tellsOn}; exec ${tellsOn}>&-; }
set --
while [ "$#" -lt "$${prefix}WORDS" ]; do
  eval "set -- \\"\\$@\\" \\"\\$${prefix}WORD_$#\\"; unset ${prefix}WORD_$#"
done
"$${prefix}STTY" sane cols "$${prefix}COLUMNS" rows "$${prefix}ROWS" || exit 125
SHELL=$${prefix}SHELL
unset $${prefix}UNSET
exec "$@"`;

/** A shell adds them. Those that the task has are its own. */
const addedByShells = ['SHELL', 'PWD', 'OLDPWD', 'SHLVL'];

interface TerminalOptions {
  readonly size: TerminalSize;
  readonly programs: TerminalPrograms;
  /** Whether somebody listens on `tellsOn`. */
  readonly tells: boolean;
}

/** The same on a terminal of its own, of this size: script(1) makes it, and passes on what is typed and shown. */
export function onTerminal(
  { command, environment }: Startable,
  { size, programs, tells }: TerminalOptions,
): Startable {
  const own = {
    [`${prefix}WORDS`]: String(command.length),
    [`${prefix}STTY`]: programs.stty,
    [`${prefix}COLUMNS`]: String(size.columns),
    [`${prefix}ROWS`]: String(size.rows),
    [`${prefix}SHELL`]: environment.SHELL ?? '',
    [`${prefix}TELLS`]: tells ? 'yes' : '',
  };
  const added = addedByShells.filter((name) => environment[name] === undefined);
  const unset = [...added, ...Object.keys(own), `${prefix}UNSET`].join(' ');
  const words = Object.fromEntries(command.map((word, at) => [`${prefix}WORD_${at}`, word]));
  return {
    command: [programs.script, '-q', '-e', '-c', terminalLine, '/dev/null'],
    environment: {
      ...{ ...environment, ...words, ...own },
      // Whose shell reads the line is nobody's choice.
      SHELL: programs.shell,
      [`${prefix}UNSET`]: unset,
    },
  };
}

/** Variables that a shell would lose or set anew, so that the command would not get them as they are. */
export function lostOnTerminal(environment: Readonly<Record<string, string>>): string[] {
  const isKept = (name: string) => /^(?!(IFS|OPTIND|PPID)$)[A-Za-z_][A-Za-z0-9_]*$/.test(name);
  return Object.keys(environment).filter((name) => !isKept(name));
}
