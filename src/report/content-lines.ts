const mostLines = 200;
const mostLineLength = 500;

/** What is in a file, for people; what is left out is said. */
export function contentLines(bytes: Uint8Array): string[] {
  const text = textOf(bytes);
  if (text === null) return ['(no text)'];
  const lines = text.replace(/\n$/, '').split('\n');
  const rest = lines.length - mostLines;
  const shown = lines.slice(0, mostLines).map(cutLine);
  return rest > 0 ? [...shown, `(${rest} more lines are not shown)`] : shown;
}

/** Of a line that may be as long as the file. */
export function cutLine(line: string): string {
  const rest = line.length - mostLineLength;
  return rest > 0
    ? `${line.slice(0, mostLineLength)} (${rest} more characters are not shown)`
    : line;
}

/** Null where it is none. */
function textOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}
