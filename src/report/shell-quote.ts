/** A command line that a shell reads back as exactly these words. */
export function shellLine(words: readonly string[]): string {
  return words.map((word, index) => shellWord(word, index === 0)).join(' ');
}

/** The first word must not be taken for an assignment. */
function shellWord(word: string, isFirst: boolean): string {
  const isPlain = /^[A-Za-z0-9_@%+=:,./-]+$/.test(word);
  if (isPlain && !(isFirst && word.includes('='))) return word;
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
