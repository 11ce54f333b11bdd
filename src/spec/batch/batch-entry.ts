import * as v from 'valibot';
import type { Problem } from '../../failure.ts';
import { type TaskRequest, emptyRequest } from '../resolve-spec.ts';
import { requestOf } from '../task-input.ts';
import { quotedJson } from '../found.ts';
import { problemsOf, schemaEntriesOf, taskInputKeys } from '../task-keys.ts';
import { type EntryValue, isList } from './file-entry.ts';

/** Keys of a task that an entry may not have, and why. */
const refusedKeys: Readonly<Record<string, string>> = {
  engine: 'it is for the whole batch: give --engine on the command line',
  host: 'it is for the whole batch: give --host on the command line',
  context: 'it is for the whole batch: give --context on the command line',
  stdin: 'a task of a batch has no standard input',
};

/** One task of a batch file in the form of an object; a list of words is a command. */
export const batchEntrySchema = v.pipe(
  v.strictObject(schemaEntriesOf(taskInputKeys.filter((key) => !(key in refusedKeys)))),
  v.title('A task of a batch'),
);

/** Why no entry has such a key, or null. */
export function keyProblem(key: string): string | null {
  if (Object.hasOwn(refusedKeys, key)) return refusedKeys[key] ?? null;
  return problemsOf(key, undefined)[0]?.message ?? null;
}

/** Why no object of this key has such a name in it, or null. */
export function nameProblem(key: string, name: string): string | null {
  return problemsOf(key, Object.fromEntries([[name, '']]))[0]?.message ?? null;
}

/** How an entry calls what a message calls by its flag. */
const keysOfFlags: ReadonlyMap<string, string> = new Map([
  ['-c', 'line'],
  ['--env', 'env'],
  ['--label', 'labels'],
  ['--volume', 'volumes'],
  ['--mount', 'mounts'],
  ['--tmpfs', 'tmpfs'],
  ['--secret', 'secrets'],
  ['--cap-add', 'capAdd'],
  ['--security-opt', 'securityOpt'],
  ['--build-arg', 'buildArgs'],
  ['--allow-nested-docker', 'allowNestedDocker'],
]);

/** A problem of a task in the words of its file: what the entry has, and what could be in it, by its key. */
export function inFileWords({ subject, message }: Problem, given: readonly string[]): Problem {
  const key = keyOfFlag(subject);
  // What stands on the command line is mended there.
  const isOwn = key !== null && (given.includes(key) || !subject.startsWith('--'));
  return { subject: isOwn ? key : subject, message: withKeys(message) };
}

/** What the caller wrote is in quotes and stays as it is. */
function withKeys(message: string): string {
  return message.replaceAll(/"(?:[^"\\]|\\.)*"|(?<![\w-])--?[a-z][a-z-]*/g, (word) =>
    word.startsWith('-') ? (keyOfFlag(word) ?? word) : word,
  );
}

/** `pidsLimit` for `--pids-limit`; null for what no entry can have. */
function keyOfFlag(flag: string): string | null {
  const known = keysOfFlags.get(flag);
  if (known !== undefined) return known;
  const key = flag.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return flag.startsWith('--') && keyProblem(key) === null ? key : null;
}

/** What an entry asks for, and which keys it has for that. */
export interface EntryRequest extends TaskRequest {
  readonly given: readonly string[];
}

/** Texts for resolveSpec; what is no entry at all is among its `problems`. */
export function entryRequest(value: EntryValue): EntryRequest {
  if (isList(value)) return entryRequest({ command: value });
  if (typeof value !== 'object' || value === null) return notAnEntry(value);
  const keys = Object.keys(value);
  const refused = keys.filter((key) => Object.hasOwn(refusedKeys, key));
  const others = keys.filter((key) => !refused.includes(key));
  const request = requestOf(recordOf(others.map((key) => [key, value[key]])));
  const problems = [
    ...refused.map((key) => ({ subject: key, message: refusedKeys[key] ?? '' })),
    ...request.problems,
    ...commandProblems(value, request),
  ];
  // What has no command is refused for that; the rest of it is looked at all the same.
  const command = request.command.length > 0 || request.line !== null ? request.command : ['true'];
  return { ...request, command, problems, given: keys };
}

function notAnEntry(value: string | null): EntryRequest {
  const message = `expected an object, or a list of words (a command); a shell line is {"line": "…"}; got ${quotedJson(value)}`;
  return { ...emptyRequest, command: ['true'], problems: [{ subject: '', message }], given: [] };
}

function recordOf(rows: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const record = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of rows) record[key] = value;
  return record;
}

function commandProblems(value: object, { command, line, problems }: TaskRequest): Problem[] {
  const isRefused = problems.some(({ subject }) => subject === 'command' || subject === 'line');
  if (isRefused || command.length > 0 || line !== null) return [];
  const got = 'command' in value ? 'an empty list' : 'neither';
  return [
    {
      subject: 'command',
      message: `expected "command", a list of words, or "line", a shell line; got ${got}`,
    },
  ];
}
