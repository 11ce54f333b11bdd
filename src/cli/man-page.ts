import { type Flag, settingFlags, settingNotes } from '../commands/flags.ts';
import { answerCodeTable, batchCodeTable, exitCodeTable } from '../outcome/exit-code.ts';
import { settingNames, settingOf } from '../spec/settings.ts';
import { spellingsOf } from './completion/completion-model.ts';
import { type CommandRow, commands } from './commands.ts';

const about = 'run one command as one throw-away sandbox and get one receipt that can be trusted';

/** The manual page, in the macros of man(7): the same facts as --help, from the same tables. */
export function manPage(): string {
  const lines = [
    '.TH SANDBOX 1 "" "sandbox" "User Commands"',
    section('NAME'),
    text(`sandbox - ${about}`),
    section('SYNOPSIS'),
    ...Object.values(commands).flatMap(({ usage }) => formsOf(usage).flatMap(synopsis)),
    section('COMMANDS'),
    ...Object.entries(commands).flatMap(([name, row]) => commandLines(name, row)),
    section('ENVIRONMENT'),
    ...settingNames.flatMap((name) => variableLines(name)),
    section('EXIT STATUS'),
    ...codeLines('Of run', exitCodeTable),
    ...codeLines('Of batch', batchCodeTable),
    ...codeLines('Of the other commands', answerCodeTable),
    section('FILES'),
    ...item('<workspace>.receipts/', 'Where receipts are written, beside the workspace.'),
    ...item('sandbox.config.json', 'Settings of a project, which may only narrow; see docs.'),
  ];
  return `${lines.join('\n')}\n`;
}

function commandLines(name: string, { summary, flags, examples }: CommandRow): string[] {
  return [
    `.SS ${roff(`sandbox ${name}`)}`,
    text(`${summary}.`),
    ...flags.flatMap(flagLines),
    '.PP',
    'Examples:',
    '.PP',
    '.nf',
    '.RS 4',
    ...examples.map(text),
    '.RE',
    '.fi',
  ];
}

function flagLines(flag: Flag): string[] {
  const { fallback, variables } = settingNotes(flag);
  const value = flag.value === undefined ? '' : ` \\fI${roff(flag.value)}\\fR`;
  const names = spellingsOf(flag).map((spelling) => `\\fB${roff(spelling)}\\fR${value}`);
  const notes = [
    ...(flag.repeatable === true ? ['may be given more than once'] : []),
    ...(fallback === null ? [] : [`default: ${fallback}`]),
    ...variables,
  ];
  const about = notes.length === 0 ? flag.help : `${flag.help} (${notes.join('; ')})`;
  return ['.TP', names.join(', '), text(about)];
}

/** The variables of a setting and the flag that they stand for, which says the rest. */
function variableLines(name: (typeof settingNames)[number]): string[] {
  const { environment, default: fallback, defaultNote } = settingOf(name);
  const flag = settingFlags[name];
  const variables = flag === null ? environment : settingNotes(flag).variables;
  if (variables.length === 0) return [];
  const about =
    flag === null ? `Default: ${fallback ?? defaultNote ?? 'none'}` : `Stands for --${flag.name}.`;
  return item(variables.join(', '), about);
}

function codeLines(title: string, table: typeof exitCodeTable): string[] {
  return [`.SS ${roff(title)}`, ...table.flatMap(([code, meaning]) => item(code, meaning))];
}

function item(term: string, about: string): string[] {
  return ['.TP', `.B ${roff(term)}`, text(about)];
}

function section(title: string): string {
  return `.SH ${title}`;
}

function synopsis(form: string): string[] {
  return ['.PP', `.B sandbox ${roff(form)}`];
}

function formsOf(usage: string): string[] {
  return usage.split(/ {2,}or {2,}/).map((form) => form.trim());
}

/** A line of its own: a dot or an apostrophe at its start would be a request. */
function text(line: string): string {
  const escaped = roff(line);
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

/** A plain `-` would be a hyphen, which nobody can copy into a shell. */
function roff(raw: string): string {
  return raw
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('–', '\\(en')
    .replaceAll('…', '...');
}
