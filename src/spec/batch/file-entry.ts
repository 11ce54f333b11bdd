import type { Problem } from '../../failure.ts';

/** A value in a batch file, every scalar as the text that it was written as: an id such as 007 stays one. */
export type EntryValue =
  string | null | readonly EntryValue[] | { readonly [key: string]: EntryValue };

/** One task as it stands in the file. */
export interface FileEntry {
  /** From 1. */
  readonly line: number;
  readonly value: EntryValue;
  /** Where its keys stand that are not on its first line. */
  readonly keyLines?: ReadonlyMap<string, number>;
  /** What could not be read of it, and therefore is not what the value says. */
  readonly problems: readonly FileProblem[];
}

/** The subject is a key of the entry, or empty where it is the entry as a whole. */
export interface FileProblem extends Problem {
  readonly line: number;
}

/** What a reader of one format makes of a file: what could not be told to be an entry is among the problems. */
export interface FileContent {
  readonly entries: readonly FileEntry[];
  readonly problems: readonly FileProblem[];
}

/** More would not fit into the memory of this process as tasks. */
export const mostTasks = 100_000;

/** As much text as the arguments and variables of a program can be, with room for how it is written. */
export const mostEntryCharacters = 8 * 1024 ** 2;

/** An entry is an object of lists and objects; what is deeper is no entry, and might exhaust the stack. */
export const mostLevels = 16;

export const tooMany = (line: number): FileProblem => ({
  line,
  subject: '',
  message: `expected at most ${mostTasks} tasks in one file, found more; split it`,
});

export const tooDeep = `expected at most ${mostLevels} levels of nesting, found more`;

export const tooLong = `expected at most ${mostEntryCharacters / 1024 ** 2} MiB of text for one task, found more`;

/** Where a problem of such a subject is: `env.CI` where `env` stands. */
export function lineOf({ line, keyLines }: FileEntry, subject: string): number {
  return keyLines?.get(firstKey(subject)) ?? line;
}

/** Whether what would be said of it is only what follows from what could not be read. */
export function isUnread({ problems }: FileEntry, subject: string): boolean {
  return problems.some((one) => one.subject === '' || firstKey(one.subject) === firstKey(subject));
}

function firstKey(subject: string): string {
  return subject.replace(/\..*/s, '');
}

export function isList(value: EntryValue): value is readonly EntryValue[] {
  return Array.isArray(value);
}

/** A fresh object without a prototype, so that `__proto__` is a key like any other. */
export function emptyEntry(): Record<string, EntryValue> {
  return Object.create(null) as Record<string, EntryValue>;
}

/** Answers the line of a position, from 1, for positions that only grow. */
export function lineCounter(text: string): (position: number) => number {
  let line = 1;
  let end = text.indexOf('\n');
  return (position) => {
    while (end !== -1 && end < position) {
      line += 1;
      end = text.indexOf('\n', end + 1);
    }
    return line;
  };
}
