import {
  type FileContent,
  type FileEntry,
  type FileProblem,
  lineCounter,
  mostEntryCharacters,
  mostTasks,
  tooLong,
  tooMany,
} from './file-entry.ts';
import { endOfString, readJson } from './json-value.ts';

/** A part of the file that should hold one task. */
interface Piece {
  readonly line: number;
  readonly text: string;
}

/** One task a line; a line that is no JSON does not hide what is wrong with the others. */
export function jsonLinesEntries(text: string): FileContent {
  const content = new Content();
  for (const { line, text: piece } of linesOf(text)) {
    if (piece.trim() === '') continue;
    if (content.isFull(line)) break;
    content.add({ line, text: piece });
  }
  return content;
}

function* linesOf(text: string): Generator<Piece> {
  let start = 0;
  for (let line = 1; start < text.length; line += 1) {
    const end = text.indexOf('\n', start);
    yield { line, text: text.slice(start, end === -1 ? undefined : end) };
    start = end === -1 ? text.length : end + 1;
  }
}

/** An array of tasks. It is cut into them first, so that memory is not taken by what nobody asked for. */
export function jsonArrayEntries(text: string): FileContent {
  const content = new Content();
  const lineAt = lineCounter(text);
  const start = text.search(/\S/);
  if (text[start] !== '[') {
    const hint = 'one task a line is JSONL: call the file .jsonl';
    return content.refuse(lineAt(start), `expected a list of tasks, [{…}, {…}] (${hint})`);
  }
  let from = start + 1;
  for (;;) {
    const end = endOfElement(text, from);
    const piece = text.slice(from, end);
    const first = piece.search(/\S/);
    const line = lineAt(first === -1 ? end : from + first);
    const isLast = text[end] === ']';
    const isNothing = isLast && from === start + 1 && piece.trim() === '';
    if (!isNothing && (content.isFull(line) || !content.add({ line, text: piece.trim() }))) break;
    if (isLast) {
      const rest = text.slice(end + 1).search(/\S/);
      if (rest === -1) return content;
      const message = 'expected nothing behind the list, found more text';
      return content.refuse(lineAt(end + 1 + rest), message);
    }
    if (end === text.length) {
      return content.refuse(lineAt(end), 'expected the list to be closed by "]", found the end');
    }
    from = end + 1;
  }
  return content;
}

/** The comma or bracket behind it, or the end of the text. */
function endOfElement(text: string, from: number): number {
  const marks = /["[\]{},]/g;
  marks.lastIndex = from;
  let depth = 0;
  for (let mark = marks.exec(text); mark; mark = marks.exec(text)) {
    const [character] = mark;
    if (character === '"') marks.lastIndex = endOfString(text, mark.index);
    else if (character === '{' || character === '[') depth += 1;
    else if (depth === 0 && character !== '}') return mark.index;
    else if (character !== ',') depth -= 1;
  }
  return text.length;
}

function lineBreaksIn(text: string, end: number): number {
  return text.slice(0, end).split('\n').length - 1;
}

class Content implements FileContent {
  readonly entries: FileEntry[] = [];
  readonly problems: FileProblem[] = [];

  isFull(line: number): boolean {
    // A million lines of something else are as many problems.
    if (this.entries.length + this.problems.length < mostTasks) return false;
    this.problems.push(tooMany(line));
    return true;
  }

  /** False where it could not be read at all. */
  add({ line, text }: Piece): boolean {
    if (text.length > mostEntryCharacters) {
      this.refuse(line, tooLong);
      return false;
    }
    if (text === '') {
      this.refuse(line, 'expected a task, found nothing (a comma too many?)');
      return false;
    }
    const read = readJson(text);
    if ('mistake' in read) {
      this.refuse(line + lineBreaksIn(text, read.position), read.mistake);
      return false;
    }
    const { value, problems, keys } = read;
    const [ofKey, ofProblem] = [lineCounter(text), lineCounter(text)];
    const lines = keys.map(([key, at]) => [key, line + ofKey(at) - 1] as const);
    const placed = problems.map(({ position, ...problem }) => {
      return { ...problem, line: line + ofProblem(position) - 1 };
    });
    const keyLines = new Map(lines.filter(([, keyLine]) => keyLine !== line));
    this.entries.push({ line, value, keyLines, problems: placed });
    return true;
  }

  refuse(line: number, message: string): this {
    this.problems.push({ line, subject: '', message });
    return this;
  }
}
