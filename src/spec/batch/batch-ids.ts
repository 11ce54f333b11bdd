import { taskIdPattern } from '../task-id.ts';

const mostCharacters = 63;

/** What the ids of a batch are made of: the name of its file without its ending, as far as an id can hold it. */
export function batchName(fileName: string): string {
  const stem = fileName.replace(/(?<=.)\.[^.]*$/s, '');
  const fit = stem.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[^A-Za-z0-9]+|-+$/g, '');
  return taskIdPattern.test(fit.slice(0, mostCharacters)) ? fit.slice(0, mostCharacters) : 'batch';
}

/** The same for the same file each time, so that a second run knows the first one's receipts. */
export function idAt(name: string, { index, total }: { index: number; total: number }): string {
  const position = String(index + 1).padStart(String(total).length, '0');
  return `${name.slice(0, mostCharacters - position.length - 1)}-${position}`;
}
