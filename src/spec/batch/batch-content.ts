import { SandboxFailure } from '../../failure.ts';
import type { BatchFormat } from '../choices.ts';
import { formatOf, toldFormat } from './batch-format.ts';
import type { BatchSource } from './batch-source.ts';
import type { FileContent } from './file-entry.ts';
import { jsonArrayEntries, jsonLinesEntries } from './json-entries.ts';

/** The libraries keep more of a file in memory than it is long, so much of it is refused. */
const mostCharacters: Readonly<Partial<Record<BatchFormat, number>>> = {
  yaml: 16 * 1024 ** 2,
  csv: 16 * 1024 ** 2,
};

/** The tasks as they stand in the file. */
export async function contentOf(source: BatchSource): Promise<FileContent> {
  const text = source.text.replace(/^\uFEFF/, '');
  const mistake = mistakeIn(text);
  if (mistake) return refused(mistake);
  if (text.trim() === '') throw noTasks(source, toldFormat(source));
  const format = formatOf({ ...source, text });
  const most = mostCharacters[format] ?? Infinity;
  if (text.length > most) {
    const limit = `expected at most ${most / 1024 ** 2} MiB of ${format.toUpperCase()}`;
    return refused({ line: 1, message: `${limit}; larger files can be JSONL` });
  }
  const content = await readAs(format, text);
  if (content.entries.length > 0 || content.problems.length > 0) return content;
  throw noTasks(source, format);
}

const examples: Readonly<Record<BatchFormat, string>> = {
  jsonl: 'Write one task a line, such as {"command": ["make", "test"]}',
  json: 'Write a list of tasks, such as [{"command": ["make", "test"]}]',
  yaml: 'Write a list of tasks, such as - command: [make, test]',
  csv: 'Write the names of keys into the first row, such as id,line, and one task into each other row, such as unit,make test',
};

/** Where the format cannot be told either, any of them will do. */
function noTasks({ title }: BatchSource, format: BatchFormat | null): SandboxFailure {
  const hint = examples[format ?? 'jsonl'];
  return new SandboxFailure('invalid-settings', `expected tasks in ${title}, found no tasks`, {
    hint,
  });
}

/** What no format can have in it. */
function mistakeIn(text: string): { line: number; message: string } | null {
  const nul = text.indexOf('\0');
  if (nul !== -1) {
    const line = text.slice(0, nul).split('\n').length;
    return { line, message: 'expected text, found a NUL byte (is it UTF-16?)' };
  }
  if (text.includes('\n') || !text.trimEnd().includes('\r')) return null;
  return { line: 1, message: 'expected lines that end in LF or CRLF, found CR alone' };
}

/** The libraries for YAML and CSV are loaded where they are needed. */
async function readAs(format: BatchFormat, text: string): Promise<FileContent> {
  switch (format) {
    case 'jsonl':
      return jsonLinesEntries(text);
    case 'json':
      return jsonArrayEntries(text);
    case 'yaml':
      return (await import('./yaml-entries.ts')).yamlEntries(text);
    case 'csv':
      return (await import('./csv-entries.ts')).csvEntries(text);
  }
}

function refused({ line, message }: { line: number; message: string }): FileContent {
  return { entries: [], problems: [{ line, subject: '', message }] };
}
