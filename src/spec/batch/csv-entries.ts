import { CsvError, parse } from 'csv-parse/sync';
import {
  type EntryValue,
  type FileContent,
  type FileEntry,
  type FileProblem,
  emptyEntry,
  isList,
  mostEntryCharacters,
  mostTasks,
  tooMany,
} from './file-entry.ts';
import { keyProblem, nameProblem } from './batch-entry.ts';
import { csvMistake } from './csv-mistake.ts';
import { readJson } from './json-value.ts';
import { quoted } from '../found.ts';
import { type TaskKey, formOf, holdsSecrets } from '../task-keys.ts';

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

const mostColumns = 1000;
const tooWide = ({ line, cells }: Row): FileProblem => ({
  line,
  subject: '',
  message: `expected at most ${mostColumns} columns, found ${cells.length}`,
});

/** What a column stands for: a key, or with a name one value in the object of that key. */
interface Column {
  readonly key: TaskKey;
  readonly name: string | null;
}

/** The first row names the keys, `env.NAME` one in an object. An empty cell is a key that was not given. */
export function csvEntries(text: string): FileContent {
  const rows = rowsOf(text);
  if (!Array.isArray(rows)) return { entries: [], problems: [rows] };
  const [header, ...others] = rows;
  if (!header) return { entries: [], problems: [] };
  const titles = header.cells.map((cell) => cell.trim());
  if (titles.length > mostColumns) return { entries: [], problems: [tooWide(header)] };
  const problems = headerProblems(titles).map((problem) => ({ line: header.line, ...problem }));
  const columns = titles.map(columnOf);
  if (!columns.some((column) => column?.key === 'command' || column?.key === 'line')) {
    const message = 'expected a column "command" or "line": no task is without one of the two';
    return { entries: [], problems: [...problems, { line: header.line, subject: '', message }] };
  }
  const entries: FileEntry[] = [];
  for (const { line, cells } of others) {
    if (entries.length >= mostTasks) return { entries, problems: [...problems, tooMany(line)] };
    const found: FileProblem[] = [];
    const add = (subject: string, message: string) => found.push({ line, subject, message });
    if (cells.length !== columns.length) {
      add('', `expected ${columns.length} cells as in the header, found ${cells.length}`);
    }
    entries.push({ line, value: valueOf(cells, columns, add), problems: found });
  }
  return { entries, problems };
}

type Add = (subject: string, message: string) => void;

function rowsOf(text: string): Row[] | FileProblem {
  try {
    const records = parse(text, {
      info: true,
      record_delimiter: ['\r\n', '\n'],
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: mostEntryCharacters,
      // The header, and one more than there may be.
      to: mostTasks + 2,
    });
    return located(records as unknown as readonly CsvRecord[]);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return csvMistake(error, text);
  }
}

interface CsvRecord {
  readonly record: readonly string[];
  /** Of the whole file up to the end of the record. */
  readonly info: { readonly lines: number; readonly empty_lines: number };
}

/** With the line on which each begins. */
function located(records: readonly CsvRecord[]): Row[] {
  let before = { lines: 0, empty_lines: 0 };
  return records.map(({ record, info }) => {
    const line = before.lines + info.empty_lines - before.empty_lines + 1;
    before = info;
    return { line, cells: record };
  });
}

function headerProblems(titles: readonly string[]) {
  const seen = new Set<string>();
  return titles.flatMap((title, index) => {
    const isTwice = seen.has(title);
    seen.add(title);
    const problem = (message: string) => [{ subject: title, message }];
    if (title === '') return problem(`expected a name for column ${index + 1}, found none`);
    if (isTwice) return problem('expected each column once');
    const mistake = titleMistake(title);
    return mistake === null ? [] : problem(mistake);
  });
}

function titleMistake(title: string): string | null {
  const { key, name } = splitTitle(title);
  const refusal = keyProblem(key);
  if (refusal !== null) return refusal;
  const isRecord = formOf(key as TaskKey) === 'record';
  if (isRecord && name === null) return `expected a column for each, such as ${key}.NAME`;
  if (!isRecord && name !== null) return `${key} has no names in it`;
  return name === null ? null : nameProblem(key, name);
}

function splitTitle(title: string): { key: string; name: string | null } {
  const end = title.indexOf('.');
  return end === -1
    ? { key: title, name: null }
    : { key: title.slice(0, end), name: title.slice(end + 1) };
}

/** Null for a column that is among the problems. */
function columnOf(title: string): Column | null {
  const { key, name } = splitTitle(title);
  return titleMistake(title) === null ? { key: key as TaskKey, name } : null;
}

function valueOf(
  cells: readonly string[],
  columns: readonly (Column | null)[],
  add: Add,
): EntryValue {
  const entry = emptyEntry();
  const records: Record<string, Record<string, EntryValue>> = {};
  for (const [index, column] of columns.entries()) {
    const cell = cells[index] ?? '';
    if (!column || cell === '') continue;
    const { key, name } = column;
    if (name === null) entry[key] = formOf(key) === 'list' ? listOf(key, cell, add) : cell;
    else entry[key] = Object.assign((records[key] ??= emptyEntry()), { [name]: cell });
  }
  return entry;
}

/** Words in a cell would have to be split, and nobody would agree on how. */
function listOf(key: TaskKey, cell: string, add: Add): EntryValue {
  const read = readJson(cell);
  if ('value' in read && isList(read.value)) return read.value;
  const instead = key === 'command' ? ' (a shell line goes into a column "line")' : '';
  const example = key === 'command' ? '["make","test"]' : '["…","…"]';
  const got = holdsSecrets(key) ? 'another text' : quoted(cell);
  add(key, `expected a JSON array such as ${example}${instead}, got ${got}`);
  return [];
}
