import { type CAC, cac } from 'cac';
import type { CommandContext } from '../commands/command.ts';
import { type Flag, settingNotes } from '../commands/flags.ts';
import { exitCodeTable } from '../outcome/exit-code.ts';
import { toolVersion } from '../version.ts';
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
  const cli = describe(rest, context);
  // cac sees the command's name and nothing else: it would turn `--name 007` into 7.
  cli.parse(['node', 'sandbox', ...(name === null ? [] : [name])], { run: false });
  if (isHelp && name !== null) return help(cli);
  if (name !== null) return (await cli.runMatchedCommand()) as number;
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

function describe(argv: readonly string[], context: CommandContext): CAC {
  const cli = cac('sandbox');
  for (const [name, row] of Object.entries(commands)) {
    const command = cli.command(name, row.summary).usage(row.usage);
    for (const flag of row.flags)
      if (flag.name !== 'help') command.option(optionText(flag), helpText(flag), defaultOf(flag));
    for (const example of row.examples) command.example(`  ${example}`);
    command.action(async () => await call(row, { argv, context, cli }));
  }
  cli.usage('<command> [options]');
  cli.help((sections) => withExitCodes(sections, cli.matchedCommandName));
  cli.version(toolVersion);
  return cli;
}

interface Call {
  readonly argv: readonly string[];
  readonly context: CommandContext;
  readonly cli: CAC;
}

async function call(row: CommandRow, { argv, context, cli }: Call): Promise<number> {
  const args = row.optionsAnywhere ? readMixedArgs(argv, row.flags) : readArgs(argv, row.flags);
  if (args.values.help === true) return help(cli);
  const command = await row.load();
  return await command(args, context);
}

function optionText({ name, short, value }: Flag): string {
  const long = value === undefined ? `--${name}` : `--${name} <${value}>`;
  return short ? `-${short}, ${long}` : long;
}

function helpText(flag: Flag): string {
  const [variable] = settingNotes(flag).variables;
  const repeats = flag.repeatable === true ? '; may be given more than once' : '';
  return `${flag.help}${repeats}${variable ? ` [${variable}]` : ''}`;
}

function defaultOf(flag: Flag): { default?: string } {
  const { fallback } = settingNotes(flag);
  return fallback === null ? {} : { default: fallback };
}

type HelpSections = Parameters<NonNullable<CAC['globalCommand']['helpCallback']>>[0];

/** cac's own sections without a default that it makes up for each `--no-…`, and the table that scripts need. */
function withExitCodes(sections: HelpSections, name: string | undefined): HelpSections {
  const table = commands[name ?? '']?.exitCodes ?? exitCodeTable;
  const width = Math.max(...table.map(([code]) => code.length));
  const body = table.map(([code, meaning]) => `  ${code.padEnd(width)}  ${meaning}`);
  return [
    ...sections.map((section) => ({
      ...section,
      body: section.body.replaceAll(' (default: true)', ''),
    })),
    { title: name === undefined ? 'Exit codes of run' : 'Exit codes', body: body.join('\n') },
  ];
}

function help(cli: CAC): number {
  cli.outputHelp();
  return 0;
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
