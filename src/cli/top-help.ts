import { exitCodeTable } from '../outcome/exit-code.ts';
import { commands } from './commands.ts';

/** By first words, in the order in which somebody new needs them. What is not named here comes last. */
const headings: readonly (readonly [title: string, words: readonly string[]])[] = [
  ['Run tasks', ['run', 'shell', 'batch']],
  ['Look after tasks that run', ['ps', 'logs', 'stop', 'gc']],
  ['See what became of them', ['receipt']],
  ['Set up and check', ['doctor', 'config', 'profile', 'image']],
  ['For your shell', ['completion', 'man']],
];
const lastHeading = 'More';

const examples = [
  'sandbox run -- npm test',
  'sandbox run --timeout 30s -m 1g --network none -- make check',
  'sandbox receipt ls',
  'sandbox doctor',
];

/** What `sandbox --help` prints. */
export function topHelp(): string {
  const width = Math.max(...Object.keys(commands).map(({ length }) => length));
  const line = (name: string) => `${name.padEnd(width)}  ${commands[name]?.summary ?? ''}`;
  const parts = [
    section('Usage', ['$ sandbox <command> [options]']),
    ...groups().map(({ title, names }) => section(title, names.map(line))),
    section('Examples', examples),
    section('Exit codes of run', codeLines()),
    'Every option, default and example of a command: sandbox <command> --help\n',
  ];
  return parts.join('\n');
}

function groups(): { readonly title: string; readonly names: readonly string[] }[] {
  const known = headings.flatMap(([, words]) => words);
  const names = Object.keys(commands);
  const of = (words: readonly string[]) =>
    words.flatMap((word) => names.filter((name) => firstWord(name) === word));
  const rest = names.filter((name) => !known.includes(firstWord(name)));
  return [
    ...headings.map(([title, words]) => ({ title, names: of(words) })),
    { title: lastHeading, names: rest },
  ].filter((group) => group.names.length > 0);
}

function firstWord(name: string): string {
  return name.split(' ')[0] ?? '';
}

function codeLines(): string[] {
  const width = Math.max(...exitCodeTable.map(([code]) => code.length));
  return exitCodeTable.map(([code, meaning]) => `${code.padEnd(width)}  ${meaning}`);
}

function section(title: string, lines: readonly string[]): string {
  return `${title}:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
