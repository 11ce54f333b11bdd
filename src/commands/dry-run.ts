import { equivalentCommands } from '../engine/engines.ts';
import { writeNote } from '../report/human.ts';
import { jsonText } from '../report/json.ts';
import { argumentsLine, shellLine } from '../report/shell-quote.ts';
import { type Terminal, writeLine } from '../report/terminal.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { CommandArgs } from './command.ts';
import { type Flag, imageBuildFlags, outputFlags } from './flags.ts';

interface DryRun {
  readonly args: CommandArgs;
  readonly isJson: boolean;
  readonly terminal: Terminal;
}

/**
 * Shows what would run on standard output, which is JSON either way, and to people how to do it by hand. Starts and
 * creates nothing.
 */
export async function dryRun(spec: TaskSpec, { args, isJson, terminal }: DryRun): Promise<number> {
  const equivalents = await equivalentLines(spec, args);
  const commands = equivalents.map(({ words }) => words);
  const lines = equivalents.map(({ line }) => line);
  const shown = isJson ? { task: spec, equivalent: commands, shell: lines } : spec;
  terminal.stdout.write(jsonText(shown));
  if (isJson || lines.length === 0 || args.values[outputFlags.quiet.name] === true) return 0;
  writeNote(terminal, 'the same by hand:');
  for (const line of lines) writeLine(terminal, line);
  return 0;
}

interface Equivalent {
  readonly line: string;
  /** The same for who starts programs without a shell. */
  readonly words: readonly string[];
}

/** No word of a command line can hold it. */
const imageMark = '\0';

/**
 * The name of an image that is built ends in digests that nobody knows before. So the line asks for it where it
 * stands, with the same flags, and leaves nothing but the image itself.
 */
async function equivalentLines(spec: TaskSpec, args: CommandArgs): Promise<Equivalent[]> {
  const { engine, recipe, profile } = spec;
  const isBuilt = recipe !== null && engine !== 'simulation';
  const commands = await equivalentCommands(isBuilt ? { ...spec, image: imageMark } : spec);
  const build = shellLine(['sandbox', 'image', 'build', profile, ...givenFlags(args)]);
  return commands.map((words) => {
    const at = words.indexOf(imageMark);
    if (at === -1) return { line: shellLine(words), words };
    const rest = words.slice(at + 1);
    const after = rest.length === 0 ? '' : ` ${argumentsLine(rest)}`;
    const line = `${shellLine(words.slice(0, at))} "$(${build})"${after}`;
    return { line, words: ['sh', '-c', line] };
  });
}

function givenFlags({ values }: CommandArgs): string[] {
  const shared = imageBuildFlags.filter((flag) => flag.name !== outputFlags.json.name);
  return shared.flatMap((flag) => spelled(flag, values[flag.name]));
}

function spelled({ name }: Flag, value: CommandArgs['values'][string]): string[] {
  if (value === undefined || value === false) return [];
  if (value === true) return [`--${name}`];
  return (typeof value === 'string' ? [value] : value).map((text) => `--${name}=${text}`);
}
