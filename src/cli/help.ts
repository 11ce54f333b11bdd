import { type CAC, cac } from 'cac';
import { type Flag, settingNotes } from '../commands/flags.ts';
import { exitCodeTable } from '../outcome/exit-code.ts';
import { toolVersion } from '../version.ts';
import { commands } from './commands.ts';

/** The help of a command, or of the program. */
export function printHelp(name: string | null): number {
  const cli = describe();
  // cac sees the command's name and nothing else.
  cli.parse(['node', 'sandbox', ...(name === null ? [] : [name])], { run: false });
  cli.outputHelp();
  return 0;
}

function describe(): CAC {
  const cli = cac('sandbox');
  for (const [name, row] of Object.entries(commands)) {
    const command = cli.command(name, row.summary).usage(row.usage);
    for (const flag of row.flags)
      if (flag.name !== 'help') command.option(optionText(flag), helpText(flag), defaultOf(flag));
    for (const example of row.examples) command.example(`  ${example}`);
  }
  cli.usage('<command> [options]');
  cli.help((sections) => withExitCodes(sections, cli.matchedCommandName));
  cli.version(toolVersion);
  return cli;
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
