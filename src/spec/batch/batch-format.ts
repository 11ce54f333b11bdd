import { SandboxFailure } from '../../failure.ts';
import { type BatchFormat, batchFormats } from '../choices.ts';
import { keyProblem } from './batch-entry.ts';
import type { BatchSource } from './batch-source.ts';
import { isList } from './file-entry.ts';
import { readJson } from './json-value.ts';

const endings: ReadonlyMap<string, BatchFormat> = new Map([
  ['jsonl', 'jsonl'],
  ['ndjson', 'jsonl'],
  ['json', 'json'],
  ['yaml', 'yaml'],
  ['yml', 'yaml'],
  ['csv', 'csv'],
]);

/** As the caller says, else by the file's ending, else by a look at it; rejects what cannot be told. */
export function formatOf(source: BatchSource): BatchFormat {
  const { title, text } = source;
  const known = toldFormat(source) ?? lookedAt(text);
  if (known) return known;
  throw new SandboxFailure(
    'invalid-settings',
    `expected ${title} to be JSONL, a JSON array, YAML or CSV, and could not tell which`,
    { hint: `Say which: --format ${batchFormats.join('|')}` },
  );
}

/** Null where only a look at it can tell. */
export function toldFormat({ format, path }: BatchSource): BatchFormat | null {
  const ending = /\.([a-z]+)$/i.exec(path ?? '')?.[1]?.toLowerCase();
  // A file may be called tasks.constructor.
  return format ?? endings.get(ending ?? '') ?? null;
}

function lookedAt(text: string): BatchFormat | null {
  const start = text.trimStart();
  const end = start.indexOf('\n');
  const line = (end === -1 ? start : start.slice(0, end)).trimEnd();
  if (line.startsWith('{')) return 'jsonl';
  if (line.startsWith('[')) return isCommand(line) ? 'jsonl' : 'json';
  if (/^(-(\s|$)|---|#|%YAML)/.test(line)) return 'yaml';
  const titles = line.split(',').map((title) => title.trim().replace(/^"(.*)"$/, '$1'));
  const isHeader = titles.some((title) => keyProblem(title.replace(/\..*/s, '')) === null);
  return isHeader ? 'csv' : null;
}

/** `["make", "test"]` is a line of its own; a list of tasks has objects or lists in it. */
function isCommand(line: string): boolean {
  const read = readJson(line);
  if (!('value' in read) || !isList(read.value)) return false;
  return read.value.length > 0 && read.value.every((word) => typeof word === 'string');
}
