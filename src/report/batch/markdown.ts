import { printable } from '../terminal.ts';

/** Text that means nothing to Markdown or HTML: all that could is a reference, which can form no markup. */
export function markdownText(text: string): string {
  return printable(text).replace(/[!-/:-@[-`{-~]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Of cells that are Markdown. */
export function markdownRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}

/** Lines that are fit to print, as they are: the fence is longer than any that stands in them. */
export function codeBlock(lines: readonly string[]): string {
  const runs = lines.flatMap((line) => line.match(/`+/g) ?? []);
  const fence = '`'.repeat(Math.max(3, ...runs.map(({ length }) => length + 1)));
  return `${fence}text\n${lines.join('\n')}\n${fence}\n`;
}
