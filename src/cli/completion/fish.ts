import type { Flag, Offer } from '../../commands/flags.ts';
import {
  type CompletedCommand,
  completedCommands,
  firstWords,
  idSources,
  secondWords,
} from './completion-model.ts';

/** One line for each word and each flag, with what it does. */
export function fishCompletion(): string {
  const lines = [
    '# fish completion of sandbox. To install it for yourself:',
    '#   sandbox completion fish > ~/.config/fish/completions/sandbox.fish',
    helper,
    'complete -c sandbox -f',
    ...[{ word: 'help', summary: 'Show help' }, ...firstWords()].map(firstLine),
    ...[...secondWords()].flatMap(([first, seconds]) =>
      seconds.flatMap(({ word, summary }) =>
        [first, `help ${first}`].map((before) =>
          line(`__sandbox_at ${before}`, `-a ${word} -d ${quote(summary)}`),
        ),
      ),
    ),
    ...firstWords().map(({ word, summary }) =>
      line('__sandbox_at help', `-a ${word} -d ${quote(summary)}`),
    ),
    ...completedCommands().flatMap((command) => commandLines(command)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Whether the words so far are exactly these, or begin with them. */
const helper = `function __sandbox_at
  set -l words (commandline -opc)
  test "$words[2..-1]" = "$argv"
end
function __sandbox_in
  set -l words (commandline -opc)
  set -l last (math (count $argv) + 1)
  test (count $words) -ge $last; and test "$words[2..$last]" = "$argv"; and not contains -- -- $words
end
function __sandbox_after
  contains -- -- (commandline -opc)
end`;

function firstLine({ word, summary }: { readonly word: string; readonly summary: string }): string {
  return line('__sandbox_at', `-a ${word} -d ${quote(summary)}`);
}

function commandLines({ name, flags, offers }: CompletedCommand): string[] {
  const condition = `__sandbox_in ${name}`;
  return [
    ...flags.map((flag) => line(condition, flagWords(flag))),
    ...restLines(condition, offers),
  ];
}

function flagWords({ name, short, alias, value, offers, help }: Flag): string {
  const names = [
    ...(short === undefined ? [] : [`-s ${short}`]),
    `-l ${name}`,
    ...(alias === undefined ? [] : [`-l ${alias}`]),
  ];
  return [...names, ...(value === undefined ? [] : [valueWords(offers)]), `-d ${quote(help)}`].join(
    ' ',
  );
}

function valueWords(offers: Offer | undefined): string {
  if (offers === undefined) return '-x';
  if (offers === 'directory') return "-x -a '(__fish_complete_directories)'";
  if (offers === 'profile') return `-x -a '(${idSources.profile})'`;
  if (typeof offers === 'string') return '-r -F';
  return `-x -a ${quote(offers.join(' '))}`;
}

function restLines(condition: string, offers: Offer): string[] {
  if (offers === 'directory') return [line(condition, "-a '(__fish_complete_directories)'")];
  if (offers === 'file') return [line(condition, '-F')];
  if (offers === 'task' || offers === 'profile')
    return [line(condition, `-a '(${idSources[offers]})'`)];
  if (offers === 'receipt') return [line(condition, `-F -a '(${idSources.receipt})'`)];
  // Words of the task's own command are names of programs and of files.
  if (offers === 'command')
    return ['__sandbox_after', condition].map((when) =>
      line(when, "-F -a '(__fish_complete_command)'"),
    );
  return offers.length === 0 ? [] : [line(condition, `-a ${quote(offers.join(' '))}`)];
}

function line(condition: string, words: string): string {
  return `complete -c sandbox -n ${quote(condition)} ${words}`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}
