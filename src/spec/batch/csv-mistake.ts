import type { CsvError } from 'csv-parse/sync';
import { type FileProblem, tooLong } from './file-entry.ts';

/** What keeps a text from being CSV, in our words and without what its cells hold, which may be secrets. */
export function csvMistake(error: CsvError, text: string): FileProblem {
  const { code, message } = error;
  const { lines: line, index = 0 } = error as { lines?: number; index?: number };
  const found = (words: string, at = line ?? 1) => ({ line: at, subject: '', message: words });
  switch (code as string) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return found(
        'expected a quote that closes the cell which begins with one here, found the end of the file; add it',
        lineOf(text, openQuoteIn(text)),
      );
    case 'CSV_INVALID_CLOSING_QUOTE': {
      const [, got = 'other text'] = /got (".*?") at line/s.exec(message) ?? [];
      return found(
        `expected a comma or the end of the row behind a quoted cell, found ${got}; ` +
          'write a quote inside of such a cell twice, and close each that is open before',
      );
    }
    case 'INVALID_OPENING_QUOTE':
      return found(
        `expected no quote in cell ${index + 1}, which does not begin with one; ` +
          'put the whole cell in quotes, and write each that is inside of it twice',
      );
    case 'CSV_MAX_RECORD_SIZE':
      return found(`${tooLong}; a quote that is not closed takes in all that follows`);
    default:
      return found(`expected CSV: ${message}`);
  }
}

/** Where the last quoted cell begins. All before it is as it should be, so that quotes come in pairs. */
function openQuoteIn(text: string): number {
  for (let start = text.indexOf('"'); ;) {
    const next = text.indexOf('"', endOfQuoted(text, start));
    if (next === -1) return start;
    start = next;
  }
}

/** Behind the quote that closes the cell, and the end of the text where none does. */
function endOfQuoted(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
  return end === -1 ? text.length : end + 1;
}

function lineOf(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) {
    line += 1;
  }
  return line;
}
