import type { Flag, Offer } from '../../commands/flags.ts';
import {
  type CompletedCommand,
  completedCommands,
  firstWords,
  idSources,
  secondWords,
  spellingsOf,
} from './completion-model.ts';

/** With what each word does beside it. */
export function zshCompletion(): string {
  return `#compdef sandbox
# zsh completion of sandbox. To install it for yourself, in a folder of your fpath, such as ~/.zfunc:
#   sandbox completion zsh > ~/.zfunc/_sandbox     (in ~/.zshrc: fpath+=~/.zfunc; autoload -U compinit; compinit)
_sandbox() {
  local -a words_of
  if (( CURRENT == 2 )); then
    words_of=(help ${firstWords().map(described).join(' ')})
    _describe command words_of
    return
  fi
  local name=$words[2]
  case $name in
${[...secondWords()].map(([first, seconds]) => groupCase(first, seconds)).join('\n')}
  esac
  case $name in
${completedCommands().map(commandCase).join('\n')}
    help)
      if (( CURRENT == 3 )); then words_of=(${firstWords().map(described).join(' ')}); fi
      if (( CURRENT == 4 )); then case $words[3] in
${[...secondWords()].map(secondWordsCase).join('\n')}
      esac; fi
      _describe command words_of ;;
  esac
}
${idHelpers()}
if [[ $funcstack[1] = _sandbox ]]; then _sandbox "$@"; else compdef _sandbox sandbox; fi
`;
}

/** One function for each kind of ids; a receipt may be named by its path as well. */
function idHelpers(): string {
  const helpers = Object.entries(idSources).map(
    ([kind, source]) => `_sandbox_${kind}() {
  local -a ids
  ids=(\${(f)"$(${source})"})
  compadd "$@" -a ids${kind === 'receipt' ? '\n  _files' : ''}
}`,
  );
  return helpers.join('\n');
}

interface Word {
  readonly word: string;
  readonly summary: string;
}

/** `_arguments` counts from the command's own name, so a group's first word goes. */
function groupCase(first: string, seconds: readonly Word[]): string {
  return `    ${first})
      if (( CURRENT == 3 )); then
        words_of=(${seconds.map(described).join(' ')})
        _describe command words_of
        return
      fi
      name="$name $words[3]"
      shift words; (( CURRENT-- )) ;;`;
}

function secondWordsCase([first, seconds]: readonly [string, readonly Word[]]): string {
  return `        ${first}) words_of=(${seconds.map(described).join(' ')}) ;;`;
}

function commandCase({ name, flags, offers }: CompletedCommand): string {
  const lines = [...flags.flatMap((flag) => flagLines(flag)), rest(offers)];
  return `    ${quote(name)})
      shift words; (( CURRENT-- ))
      _arguments -S -s ${lines.join(' \\\n        ')} ;;`;
}

function flagLines(flag: Flag): string[] {
  return spellingsOf(flag).map((spelling) => {
    const about = flag.help.replaceAll('[', '\\[').replaceAll(']', '\\]');
    const isLong = spelling.startsWith('--');
    const repeats = flag.repeatable === true ? '*' : '';
    if (flag.value === undefined) return quote(`${repeats}${spelling}[${about}]`);
    const value = flag.value.replaceAll(':', '\\:').replaceAll('[', '\\[').replaceAll(']', '\\]');
    return quote(
      `${repeats}${spelling}${isLong ? '=' : '+'}[${about}]:${value}:${action(flag.offers)}`,
    );
  });
}

function rest(offers: Offer): string {
  if (offers === 'command')
    return `${quote('(-)1: :{_command_names -e}')} ${quote('*:: :_normal')}`;
  if (typeof offers !== 'string' && offers.length === 0) return quote('*: :');
  return quote(`*: :${action(offers)}`);
}

function action(offers: Offer | undefined): string {
  if (offers === undefined) return ' ';
  if (offers === 'directory') return '_files -/';
  if (typeof offers === 'string' && offers in idSources) return `_sandbox_${offers}`;
  if (typeof offers === 'string') return '_files';
  return `(${offers.join(' ')})`;
}

function described({ word, summary }: Word): string {
  return quote(`${word}:${summary.replaceAll(':', '\\:')}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
