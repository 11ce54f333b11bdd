import type { CommandArgs, CommandContext } from '../commands/command.ts';
import { outputFlags, settingNotes } from '../commands/flags.ts';
import { reportEvent } from '../report/human.ts';
import { variableSlips } from '../spec/variable-slips.ts';
import { type CommandRow, commandNames, commands, groupNames, wordsOfGroup } from './commands.ts';
import { readArgs, readMixedArgs } from './read-argv.ts';
import { topHelp } from './top-help.ts';
import { unknownWord } from './unknown-word.ts';
import { versionLine, versionWords } from './version-line.ts';

const helpWords: readonly string[] = ['--help', '-h', 'help'];

/** argv (without program names) → exit code. */
export async function runCli(argv: readonly string[], context: CommandContext): Promise<number> {
  const { terminal } = context;
  const [first] = argv;
  if (first !== undefined && versionWords.includes(first)) {
    terminal.stdout.write(versionLine());
    return 0;
  }
  const isHelp = first !== undefined && helpWords.includes(first);
  const { name, rest } = commandIn(isHelp ? argv.slice(1) : argv);
  const [word = ''] = name === null ? rest : [];
  // Alone, or as in `sandbox image --help`: what may follow it.
  if (name !== null && groupNames.includes(name)) {
    const [next] = rest;
    if (next === undefined || helpWords.includes(next)) return groupHelp(name, terminal.stdout);
    return unknownWord({ group: name, found: next, known: wordsOfGroup(name) }, terminal);
  }
  if (isHelp && name === null && word === '') {
    terminal.stdout.write(topHelp());
    return 0;
  }
  if (isHelp && name !== null) return await help(name);
  const row = commands[name ?? ''];
  if (name !== null && row) return await call(row, { name, argv: rest, context });
  const known = topWords();
  return unknownWord({ group: null, found: argv.length === 0 ? null : word, known }, terminal);
}

/** The command or group that argv begins with, and what follows. */
function commandIn(argv: readonly string[]): { name: string | null; rest: readonly string[] } {
  const [first, second] = argv;
  const pair = `${first ?? ''} ${second ?? ''}`;
  if (commandNames.includes(pair)) return { name: pair, rest: argv.slice(2) };
  const isKnown = first !== undefined && topWords().includes(first);
  return isKnown ? { name: first, rest: argv.slice(1) } : { name: null, rest: argv };
}

function topWords(): string[] {
  return [...commandNames.filter((name) => !name.includes(' ')), ...groupNames];
}

interface Call {
  readonly name: string;
  readonly argv: readonly string[];
  readonly context: CommandContext;
}

async function call(row: CommandRow, { name, argv, context }: Call): Promise<number> {
  const args = row.optionsAnywhere ? readMixedArgs(argv, row.flags) : readArgs(argv, row.flags);
  if (args.values.help === true) return await help(name);
  warnOfSlips(row, args, context);
  const command = await row.load();
  return await command(args, context);
}

/** A limit whose variable is mistyped would be another one without a word. */
function warnOfSlips(row: CommandRow, { values }: CommandArgs, { terminal }: CommandContext): void {
  const readsVariables = row.flags.some((flag) => settingNotes(flag).variables.length > 0);
  if (!readsVariables || values[outputFlags.quiet.name] === true) return;
  for (const message of variableSlips(terminal.env)) {
    reportEvent(terminal, { kind: 'warning', message }, { quiet: false, verbose: false });
  }
}

/** Loaded when it is asked for, so that a task does not pay for it. */
async function help(name: string | null): Promise<number> {
  const { printHelp } = await import('./help.ts');
  return printHelp(name);
}

function groupHelp(group: string, stdout: NodeJS.WritableStream): number {
  const words = wordsOfGroup(group);
  const width = Math.max(...words.map((word) => word.length));
  const lines = words.map(
    (word) => `  ${word.padEnd(width)}  ${commands[`${group} ${word}`]?.summary ?? ''}`,
  );
  const usage = `Usage:\n  $ sandbox ${group} <command> [options]`;
  const hint = `See: sandbox ${group} <command> --help`;
  stdout.write(`${usage}\n\nCommands:\n${lines.join('\n')}\n\n${hint}\n`);
  return 0;
}
