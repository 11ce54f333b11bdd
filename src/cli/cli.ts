import { type CAC, cac } from 'cac';
import type { Command, CommandContext } from '../commands/command.ts';
import { type Flag, configFlags, doctorFlags, runFlags, settingNotes } from '../commands/flags.ts';
import { SandboxFailure } from '../failure.ts';
import { exitCodeTable } from '../outcome/exit-code.ts';
import { reportFailure } from '../report/human.ts';
import { toolCommit, toolVersion } from '../version.ts';
import { nearestOf, readArgs } from './read-argv.ts';

interface CommandRow {
  readonly summary: string;
  readonly usage: string;
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
  /** Loaded when it is called, so that start-up pays only for what is used. */
  readonly load: () => Promise<Command>;
}

const usageExitCode = 2;

/** Every command: dispatch, help and docs derive from here. */
export const commands: Readonly<Record<string, CommandRow>> = {
  run: {
    summary: 'Run one command in a sandbox of its own and write its receipt',
    usage: 'run [options] [--] CMD [ARGS…]   or   run [options] -c LINE',
    flags: runFlags,
    examples: [
      'sandbox run -- npm test',
      'sandbox run --timeout 30s -m 1g --network none -- make check',
      "sandbox run -e CI=1 -c 'make && make check'",
    ],
    load: async () => (await import('../commands/run.ts')).run,
  },
  doctor: {
    summary: 'Check whether tasks can run here; with --prove, whether they are held',
    usage: 'doctor [options]',
    flags: doctorFlags,
    examples: [
      'sandbox doctor && ./deploy.sh',
      'sandbox doctor --isolation container --json',
      'sandbox doctor --prove',
    ],
    load: async () => (await import('../commands/doctor.ts')).doctor,
  },
  config: {
    summary: 'Print every effective setting and where it came from',
    usage: 'config [options]',
    flags: configFlags,
    examples: ['sandbox config', 'sandbox config --memory 2g --json'],
    load: async () => (await import('../commands/config.ts')).config,
  },
};

/** argv (without program names) → exit code. */
export async function runCli(argv: readonly string[], context: CommandContext): Promise<number> {
  const [name, ...rest] = argv;
  const { terminal } = context;
  if (name !== undefined && ['--version', '-v', '-V', 'version'].includes(name)) {
    terminal.stdout.write(versionLine());
    return 0;
  }
  const isHelp = name === '--help' || name === '-h' || name === 'help';
  const cli = describe(rest, context);
  // cac sees the command's name and nothing else: it would turn `--name 007` into 7.
  const word = isHelp ? (rest[0] ?? '') : (name ?? '');
  cli.parse(['node', 'sandbox', ...(word.startsWith('-') ? [] : [word])], { run: false });
  if (isHelp && (word === '' || cli.matchedCommandName !== undefined)) return help(cli);
  if (cli.matchedCommandName === undefined) return unknownCommand(name, terminal);
  return (await cli.runMatchedCommand()) as number;
}

function describe(argv: readonly string[], context: CommandContext): CAC {
  const cli = cac('sandbox');
  for (const [name, row] of Object.entries(commands)) {
    const command = cli.command(name, row.summary).usage(row.usage);
    for (const flag of row.flags)
      if (flag.name !== 'help') command.option(optionText(flag), helpText(flag), defaultOf(flag));
    for (const example of row.examples) command.example(`  ${example}`);
    command.action(async () => {
      const args = readArgs(argv, row.flags);
      if (args.values.help === true) return help(cli);
      return await (
        await row.load()
      )(args, context);
    });
  }
  cli.usage('<command> [options]');
  cli.help(withExitCodes);
  cli.version(toolVersion);
  return cli;
}

function optionText({ name, short, value }: Flag): string {
  const long = value === undefined ? `--${name}` : `--${name} <${value}>`;
  return short ? `-${short}, ${long}` : long;
}

function helpText(flag: Flag): string {
  const [variable] = settingNotes(flag).variables;
  return variable ? `${flag.help} [${variable}]` : flag.help;
}

function defaultOf(flag: Flag): { default?: string } {
  const { fallback } = settingNotes(flag);
  return fallback === null ? {} : { default: fallback };
}

type HelpSections = Parameters<NonNullable<CAC['globalCommand']['helpCallback']>>[0];

/** cac's own sections, with the flag that it adds by itself left out, and the table that scripts need. */
function withExitCodes(sections: HelpSections): HelpSections {
  const width = Math.max(...exitCodeTable.map(([code]) => code.length));
  const body = exitCodeTable.map(([code, meaning]) => `  ${code.padEnd(width)}  ${meaning}`);
  return [...sections, { title: 'Exit codes of run', body: body.join('\n') }];
}

function help(cli: CAC): number {
  cli.outputHelp();
  return 0;
}

function versionLine(): string {
  const commit = toolCommit === null ? '' : ` (${toolCommit})`;
  return `sandbox ${toolVersion}${commit}, Node ${process.versions.node}\n`;
}

function unknownCommand(name: string | undefined, terminal: CommandContext['terminal']): number {
  const nearest = name === undefined ? null : nearestOf(name, Object.keys(commands));
  const found = name === undefined ? 'got none' : `got "${name}"`;
  const failure = new SandboxFailure(
    'usage',
    `expected a command (${Object.keys(commands).join(', ')}), ${found}`,
    { hint: nearest ? `Did you mean: sandbox ${nearest}` : 'See: sandbox --help' },
  );
  reportFailure(terminal, failure);
  return usageExitCode;
}
