import { equivalentCommands } from '../engine/engines.ts';
import { jsonText } from '../report/json.ts';
import { shellLine } from '../report/shell-quote.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { CommandArgs } from './command.ts';
import { type Flag, imageBuildFlags, outputFlags } from './flags.ts';

interface DryRun {
  readonly args: CommandArgs;
  readonly isJson: boolean;
  readonly stdout: NodeJS.WritableStream;
}

/** Shows what would run, and the way to do it by hand. Starts and creates nothing. */
export async function dryRun(spec: TaskSpec, { args, isJson, stdout }: DryRun): Promise<number> {
  const commands = [...buildLine(spec, args), ...(await equivalentCommands(spec))];
  const lines = commands.map(shellLine);
  const text = [jsonText(spec), ...lines.map((line) => `${line}\n`)].join('\n');
  stdout.write(isJson ? jsonText({ task: spec, equivalent: commands, shell: lines }) : text);
  return 0;
}

/**
 * Builds the image where it is missing and gives it the name by which the next lines know it: its own ends in
 * digests that nobody knows before. With the same flags, so that it is the same image.
 */
function buildLine({ engine, recipe, profile, image }: TaskSpec, args: CommandArgs): string[][] {
  if (recipe === null || engine === 'simulation') return [];
  const script = 'docker tag "$(sandbox image build "$@")" "$0"';
  return [['sh', '-c', script, image, profile, ...givenFlags(args)]];
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
