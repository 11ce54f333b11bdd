import * as v from 'valibot';
import type { Problem } from '../failure.ts';
import { droppedName } from './dropped-name.ts';
import { nearestOf } from './nearest.ts';
import { isPlain, plainText } from './plain-text.ts';
import { type SettingName, settingNames } from './settings.ts';
import type { TaskInput } from './task-input.ts';

const scalar = v.union([v.string(), v.number(), v.boolean()]);

/** The forms that a value may have, and how each is called. A scalar counts as the text that it is written as. */
const forms = {
  setting: { schema: scalar, expected: 'text, a number, true or false' },
  text: { schema: v.string(), expected: 'text' },
  list: { schema: v.array(scalar), expected: 'a list of texts' },
  record: { schema: v.record(v.string(), scalar), expected: 'an object with texts in it' },
  switch: {
    schema: v.union([v.boolean(), v.picklist(['true', 'false'])]),
    expected: 'true or false',
  },
} as const;

/** Every key that is no setting. */
const taskKeys = {
  command: { form: 'list', description: 'The program and its arguments; or `line`.' },
  line: { form: 'text', description: 'A shell line.' },
  env: { form: 'record', description: 'Variables of the task.' },
  labels: { form: 'record', description: 'Labels of the container.' },
  volumes: { form: 'list', description: 'As --volume.' },
  mounts: { form: 'list', description: 'As --mount.' },
  tmpfs: { form: 'list', description: 'As --tmpfs.' },
  secrets: { form: 'list', description: 'As --secret: NAME of a variable, or NAME=@FILE.' },
  capAdd: { form: 'list', description: 'As --cap-add.' },
  securityOpt: { form: 'list', description: 'As --security-opt.' },
  buildArgs: { form: 'record', description: "For the build of a profile's image." },
  allowNestedDocker: {
    form: 'switch',
    description: "Accepts that a profile's task is not isolated from the host.",
  },
  stdin: { form: 'switch', description: 'True: standard input is forwarded.' },
  keepEntrypoint: {
    form: 'switch',
    description: "The command is passed to the image's ENTRYPOINT.",
  },
} as const satisfies Record<Exclude<keyof TaskInput, SettingName>, KeyRow>;

interface KeyRow {
  readonly form: keyof typeof forms;
  readonly description: string;
}

export type TaskKey = keyof TaskInput;
export const taskInputKeys = [...settingNames, ...Object.keys(taskKeys)] as TaskKey[];

export function formOf(key: TaskKey): keyof typeof forms {
  return isSetting(key) ? 'setting' : taskKeys[key].form;
}

/** For a JSON Schema: each of these keys with what it may hold, all optional. */
export function schemaEntriesOf(keys: readonly TaskKey[]) {
  const rows = keys.map((key) => {
    const { schema } = forms[formOf(key)];
    const described = isSetting(key)
      ? schema
      : v.pipe(schema, v.description(taskKeys[key].description));
    return [key, v.optional(described)] as const;
  });
  return Object.fromEntries(rows);
}

/** What is wrong with the form of one value; what it says is checked later. */
export function problemsOf(key: string, value: unknown): Problem[] {
  const problem = (message: string) => [{ subject: key === '' ? '""' : key, message }];
  if (!isTaskKey(key)) return problem(`unknown key${suggestion(key)}`);
  if (value === undefined) return [];
  const { schema, expected } = forms[formOf(key)];
  // To the library a list is a record, too, of its numbers.
  const isList = formOf(key) === 'record' && Array.isArray(value);
  if (isList || !v.is(schema, value)) return problem(`expected ${expected}, got ${found(value)}`);
  const dropped = droppedName({ [key]: value });
  if (dropped !== null) return problem(`the name "${dropped}" cannot be used`);
  if (formOf(key) === 'record' && !hasPlainNames(value as object)) {
    return problem(`expected names that are not empty and have no "=", got ${found(value)}`);
  }
  if (isPlain(value)) return [];
  return problem(`expected ${plainText}, got ${found(value)}`);
}

function suggestion(key: string): string {
  const nearest = nearestOf(key, taskInputKeys);
  return nearest ? `, did you mean ${nearest}?` : ` (known: ${taskInputKeys.join(', ')})`;
}

function found(value: unknown): string {
  return typeof value === 'string' || value === null
    ? JSON.stringify(value)
    : Array.isArray(value)
      ? `the list ${JSON.stringify(value)}`
      : `${typeof value} ${JSON.stringify(value)}`;
}

function hasPlainNames(record: object): boolean {
  return Object.keys(record).every((name) => name !== '' && !name.includes('='));
}

function isTaskKey(key: string): key is TaskKey {
  return (taskInputKeys as readonly string[]).includes(key);
}

function isSetting(key: TaskKey): key is SettingName {
  return (settingNames as readonly string[]).includes(key);
}
