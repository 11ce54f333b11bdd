import { commands } from '../../../src/cli/commands.ts';
import { type Flag, settingFlags, settingNotes } from '../../../src/commands/flags.ts';
import { answerCodeTable, exitCodeTable } from '../../../src/outcome/exit-code.ts';
import { settingNames, settingOf } from '../../../src/spec/settings.ts';

/** docs/cli.md: the same facts as --help, from the same tables. */
export function cliReference(): string {
  const sections = [
    '# Command line',
    'Generated from the code by `npm run generate`; do not edit.',
    ...Object.keys(commands).map(commandSection),
    variablesSection(),
    ...exitCodeSections(),
  ];
  return `${sections.join('\n\n')}\n`;
}

function commandSection(name: string): string {
  const command = commands[name];
  if (!command) throw new Error(`no command "${name}"`);
  const usage = command.usage.split(/ {2,}or {2,}/).map((form) => `sandbox ${form.trim()}`);
  return [
    `## sandbox ${name}`,
    `${command.summary}.`,
    codeBlock(usage),
    markdownTable(['flag', 'default', 'environment', 'what it does'], command.flags.map(flagRow)),
    'Examples:',
    codeBlock(command.examples),
  ].join('\n\n');
}

function flagRow(flag: Flag): string[] {
  const { fallback, variables } = settingNotes(flag);
  const repeats = flag.repeatable ? ' (may be given more than once)' : '';
  return [
    spellings(flag).map(code).join(', '),
    fallback ?? '',
    variables.map(code).join(', '),
    `${flag.help}${repeats}`,
  ];
}

function spellings({ name, short, alias, value }: Flag): string[] {
  const withValue = (spelling: string) => (value === undefined ? spelling : `${spelling} ${value}`);
  return [
    ...(short ? [`-${short}`] : []),
    withValue(`--${name}`),
    ...(alias ? [withValue(`--${alias}`)] : []),
  ];
}

/** Settings that have a variable and no flag of their own. */
function variablesSection(): string {
  const rows = settingNames
    .filter((name) => settingFlags[name] === null)
    .map((name) => {
      const { environment, default: fallback, defaultNote } = settingOf(name);
      return [environment.map(code).join(', '), fallback ?? defaultNote ?? '', code(name)];
    });
  return [
    '## Variables without a flag',
    markdownTable(['environment', 'default', 'in a config file'], rows),
  ].join('\n\n');
}

function exitCodeSections(): string[] {
  const tables = { run: exitCodeTable, 'the other commands': answerCodeTable };
  return Object.entries(tables).map(([name, rows]) =>
    [`## Exit codes of ${name}`, markdownTable(['code', 'meaning'], rows)].join('\n\n'),
  );
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows.map((row) => row.map(escaped))];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** `|` ends a cell and `<` begins a tag, except that a tag has no meaning in code. */
function escaped(cell: string): string {
  const pipes = cell.replaceAll('|', String.raw`\|`);
  return pipes.includes('`') ? pipes : pipes.replaceAll('<', '&lt;');
}

function code(text: string): string {
  return `\`${text}\``;
}

function codeBlock(lines: readonly string[]): string {
  return ['```sh', ...lines, '```'].join('\n');
}
