import * as v from 'valibot';
import type { Problem } from '../../failure.ts';
import { type TaskRequest, emptyRequest } from '../resolve-spec.ts';
import { requestOf } from '../task-input.ts';
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

/** How an entry calls what a message calls by its flag. */
const keysOfFlags: ReadonlyMap<string, string> = new Map([
  ['-c', 'line'],
  ['--env', 'env'],
  ['--label', 'labels'],
  ['--volume', 'volumes'],
  ['--mount', 'mounts'],
  ['--secret', 'secrets'],
  ['--cap-add', 'capAdd'],
  ['--security-opt', 'securityOpt'],
  ['--build-arg', 'buildArgs'],
  ['--allow-nested-docker', 'allowNestedDocker'],
]);

/** The key of an entry for the subject of a problem: `env` for `--env`. */
export function entryKeyOf(subject: string): string {
  return keysOfFlags.get(subject) ?? subject.replace(/^--/, '');
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
  const message = `expected an object, or a list of words (a command); a shell line is {"line": "…"}; got ${JSON.stringify(value)}`;
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
