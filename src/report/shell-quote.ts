import { unprintable } from './terminal.ts';

/** A command line that a shell reads back as exactly these words. */
export function shellLine(words: readonly string[]): string {
  return words.map((word, index) => shellWord(word, index === 0)).join(' ');
}

/** The same for words that follow others. */
export function argumentsLine(words: readonly string[]): string {
  return words.map((word) => shellWord(word, false)).join(' ');
}

/** The first word must not be taken for an assignment. */
function shellWord(word: string, isFirst: boolean): string {
  const isPlain = /^[A-Za-z0-9_@%+=:,./-]+$/.test(word);
  if (isPlain && !(isFirst && word.includes('='))) return word;
  if (unprintable.test(word)) return ansiWord(word);
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** For bash, ksh and zsh, and safe to show: what cannot be printed is spelled out, as their UTF-8 bytes. */
function ansiWord(word: string): string {
  const spelled = Array.from(word).map((character) => {
    if (character === "'" || character === '\\') return `\\${character}`;
    if (!unprintable.test(character)) return character;
    return [...Buffer.from(character)].map(spellByte).join('');
  });
  return `$'${spelled.join('')}'`;
}

function spellByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
