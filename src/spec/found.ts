const mostCharacters = 80;

/** What was found, for a message: somebody may have put a whole file there. */
export function quoted(text: string): string {
  return cutTo(mostCharacters, text, JSON.stringify);
}

/** The same of what is no text. */
export function quotedJson(value: unknown): string {
  return cutTo(mostCharacters, JSON.stringify(value), String);
}

function cutTo(most: number, text: string, show: (part: string) => string): string {
  if (text.length <= most) return show(text);
  // Half a character would be shown as an escape.
  const part = text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '');
  return `${show(`${part}…`)} (${text.length} characters)`;
}

/** A value may be a secret, and messages end up in logs: only what stands before any space or "=" is shown. */
export function withoutValue(text: string): string {
  return quoted(text.replace(/(?<=[\s=]).*/s, '…'));
}

/** What kind of value it is, and no part of it. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}
