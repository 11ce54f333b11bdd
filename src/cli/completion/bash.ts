import type { Flag, Offer } from '../../commands/flags.ts';
import {
  type CompletedCommand,
  completedCommands,
  firstWords,
  idSources,
  secondWords,
  spellingsOf,
} from './completion-model.ts';

/**
 * Without the package bash-completion, too. Bash breaks words at `=`, so `--engine=do` comes as three of them.
 */
export function bashCompletion(): string {
  const first = quoted(['help', ...firstWords().map(({ word }) => word)]);
  const groups = [...secondWords()].map(([word, seconds]) => groupCase(word, seconds));
  const commands = completedCommands().map(commandCase);
  const seconds = [...secondWords()].map(([word, list]) => secondWordsCase(word, list));
  return `# bash completion of sandbox. To install it for yourself:
#   mkdir -p ~/.local/share/bash-completion/completions
#   sandbox completion bash > ~/.local/share/bash-completion/completions/sandbox
_sandbox() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} at=2
  COMPREPLY=()
  if [ "$current" = = ]; then current=
  elif [ "$previous" = = ]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi

  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W ${first} -- "$current")); return; fi
  local name=\${COMP_WORDS[1]} flags= values= words= paths= value_flags=
  case $name in
${groups.join('\n')}
  esac
  case $name in
${commands.join('\n')}
    help)
      if [ "$COMP_CWORD" -eq 2 ]; then words=${first}; fi
      if [ "$COMP_CWORD" -eq 3 ]; then case \${COMP_WORDS[2]} in
${seconds.join('\n')}
      esac; fi ;;
  esac
${answer}}
# compgen -W would expand what it is given.
_sandbox_ids() {
  local id
  while IFS= read -r id; do
    case $id in "$current"*) COMPREPLY+=("$id") ;; esac
  done
}
complete -o filenames -F _sandbox sandbox
`;
}

/** What is offered, once it is known which command it is: words of the task's own command, a value, a flag, a word. */
const answer = `
  local index command_at=0
  for ((index = at; index < COMP_CWORD; index += 1)); do
    case \${COMP_WORDS[index]} in
      --) command_at=$((index + 1)); break ;;
      -*=*) ;;
      -*) case " $value_flags " in *" \${COMP_WORDS[index]} "*)
        index=$((index + 1)); [ "\${COMP_WORDS[index]}" != = ] || index=$((index + 1)) ;; esac ;;
      *) [ "$paths" != command ] || { command_at=$index; break; } ;;
    esac
  done
  if [ "$command_at" -gt 0 ] && [ "$COMP_CWORD" -ge "$command_at" ]; then
    if [ "$COMP_CWORD" -eq "$command_at" ]; then words= paths=command; else words= paths=file; fi
  elif [[ " $value_flags " == *" $previous "* ]]; then words=$values paths=$values
  elif [[ $current == -* ]]; then words=$flags paths=; fi

  case $paths in
    file) COMPREPLY=($(compgen -f -- "$current")) ;;
    directory) COMPREPLY=($(compgen -d -- "$current")) ;;
    command) COMPREPLY=($(compgen -c -- "$current")) ;;
    task) _sandbox_ids < <(${idSources.task}) ;;
    profile) _sandbox_ids < <(${idSources.profile}) ;;
    receipt) COMPREPLY=($(compgen -f -- "$current" || :)); _sandbox_ids < <(${idSources.receipt}) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  esac
`;

function groupCase(first: string, seconds: readonly { readonly word: string }[]): string {
  const list = quoted(seconds.map(({ word }) => word));
  return `    ${first})
      if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W ${list} -- "$current")); return; fi
      name="$name \${COMP_WORDS[2]}" at=3 ;;`;
}

function secondWordsCase(first: string, seconds: readonly { readonly word: string }[]): string {
  return `        ${first}) words=${quoted(seconds.map(({ word }) => word))} ;;`;
}

function commandCase({ name, flags, offers }: CompletedCommand): string {
  const withValue = flags.filter(({ value }) => value !== undefined);
  return `    ${name.replace(' ', '\\ ')})
      flags=${quoted(flags.flatMap((flag) => spellingsOf(flag)))}
      value_flags=${quoted(withValue.flatMap((flag) => spellingsOf(flag)))}
      ${wordsOrPaths(offers)}
      case $previous in
${withValue
  .filter((flag) => flag.offers !== undefined)
  .map(valueCase)
  .join('\n')}
      esac ;;`;
}

function wordsOrPaths(offers: Offer): string {
  return typeof offers === 'string' ? `paths=${offers}` : `words=${quoted(offers)}`;
}

function valueCase(flag: Flag): string {
  const { offers = [] } = flag;
  const value = typeof offers === 'string' ? offers : quoted(offers);
  return `        ${spellingsOf(flag).join('|')}) values=${value} ;;`;
}

/** Our own words hold nothing that a shell would take for its own. */
function quoted(words: readonly string[]): string {
  return `'${words.join(' ')}'`;
}
