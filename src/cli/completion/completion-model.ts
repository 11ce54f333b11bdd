import type { Flag, Offer } from '../../commands/flags.ts';
import { commands } from '../commands.ts';

/** What a shell has to know of one command. */
export interface CompletedCommand {
  /** `run`, or `image build`. */
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  readonly offers: Offer;
}

/** Every command but `help`, in the order of the table. */
export function completedCommands(): CompletedCommand[] {
  return Object.entries(commands).map(([name, { summary, flags, offers = [] }]) => ({
    name,
    summary,
    flags,
    offers,
  }));
}

/** All that may be typed for a flag: `-m`, `--memory`. */
export function spellingsOf({ name, short, alias }: Flag): string[] {
  return [
    ...(short === undefined ? [] : [`-${short}`]),
    `--${name}`,
    ...(alias === undefined ? [] : [`--${alias}`]),
  ];
}

/** First words, each once, with what it does; a group says which words may follow. */
export function firstWords(): { readonly word: string; readonly summary: string }[] {
  const all = completedCommands();
  const words = [...new Set(all.map(({ name }) => name.split(' ')[0] ?? ''))];
  return words.map((word) => {
    const seconds = all
      .filter(({ name }) => name.startsWith(`${word} `))
      .map(({ name }) => name.slice(word.length + 1));
    const own = all.find(({ name }) => name === word)?.summary ?? '';
    return { word, summary: seconds.length === 0 ? own : seconds.join(', ') };
  });
}

/** Second words by the first one, where there are any. */
export function secondWords(): Map<string, { readonly word: string; readonly summary: string }[]> {
  const groups = new Map<string, { word: string; summary: string }[]>();
  for (const { name, summary } of completedCommands()) {
    const [first = '', second] = name.split(' ');
    if (second !== undefined)
      groups.set(first, [...(groups.get(first) ?? []), { word: second, summary }]);
  }
  return groups;
}

/** Prints the ids or names that may be typed, a line each. They are foreign text: a shell must not expand them. */
export const idSources = {
  task: 'sandbox ps -q 2>/dev/null',
  receipt: 'sandbox receipt ls -q 2>/dev/null',
  profile: 'sandbox profile ls -q 2>/dev/null',
} as const;
