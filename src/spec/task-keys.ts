import * as v from 'valibot';
import type { Problem } from '../failure.ts';
import { droppedName } from './dropped-name.ts';
import { kindOf, quoted, quotedJson, withoutValue } from './found.ts';
import { isPlain, plainText } from './plain-text.ts';
import { type SettingName, settingNames } from './settings.ts';
import type { TaskInput } from './task-input.ts';
import { keyHint } from './unknown-key.ts';

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
  if (!isTaskKey(key)) return problem(`unknown key${keyHint(key, taskInputKeys)}`);
  if (value === undefined) return [];
  const { schema, expected } = forms[formOf(key)];
  // To the library a list is a record, too, of its numbers.
  const isList = formOf(key) === 'record' && Array.isArray(value);
  if (isList || !v.is(schema, value)) {
    return problem(`expected ${expected}, got ${found(key, value)}`);
  }
  const dropped = droppedName({ [key]: value });
  if (dropped !== null) return problem(`the name "${dropped}" cannot be used`);
  const oddName = formOf(key) === 'record' ? oddNameIn(value as object) : null;
  if (oddName !== null) {
    const got = withoutValue(oddName);
    return problem(`expected names that are not empty and have no "=", got ${got}`);
  }
  if (isPlain(value)) return [];
  return problem(`expected ${plainText}, got ${found(key, value)}`);
}

/** Whether what stands under a key may be a secret, and so has no place in a message. */
export function holdsSecrets(key: TaskKey): boolean {
  return key === 'secrets' || formOf(key) === 'record';
}

function found(key: TaskKey, value: unknown): string {
  if (holdsSecrets(key)) return kindOf(value) + wherein(value);
  if (typeof value === 'string' || value === null) return quotedJson(value);
  return `${Array.isArray(value) ? 'the list' : typeof value} ${quotedJson(value)}`;
}

/** Which of its parts is not as it should be, by name alone. */
function wherein(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return '';
  const parts = Object.entries(value as Record<string, unknown>);
  const odd = parts.find(([name, part]) => !isPlain(name) || !isPlainScalar(part));
  if (!odd) return '';
  const [name, part] = odd;
  const kind = isPlain(part) ? kindOf(part) : 'other text';
  return ` with ${kind} as ${quoted(name)}`;
}

function isPlainScalar(value: unknown): boolean {
  return v.is(scalar, value) && isPlain(value);
}

function oddNameIn(record: object): string | null {
  return Object.keys(record).find((name) => name === '' || name.includes('=')) ?? null;
}

function isTaskKey(key: string): key is TaskKey {
  return (taskInputKeys as readonly string[]).includes(key);
}

function isSetting(key: TaskKey): key is SettingName {
  return (settingNames as readonly string[]).includes(key);
}
