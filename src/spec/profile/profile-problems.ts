import * as v from 'valibot';
import { keyHint } from '../unknown-key.ts';
import { fileEntries, profileEntries, resourceEntries, taskEntries } from './profile-schema.ts';

type Issue = v.BaseIssue<unknown>;

/** What the schema has against the content of a file, and what it does not look at: one line each. */
export function contentProblems(json: unknown, issues: readonly Issue[]): string[] {
  const arrays = arraysForObjects(json);
  const isInArray = (path: string) => arrays.some((array) => `${path}.`.startsWith(`${array}.`));
  return [
    ...arrays.map((path) => `"${path}": expected an object, got an array`),
    ...issues
      .filter((issue) => !isInArray(v.getDotPath(issue) ?? ''))
      .flatMap((issue) => describeIssue(issue)),
    ...repeatedPaths(json),
  ];
}

/** The schema takes an array for an object, whose keys are numbers. */
function arraysForObjects(json: unknown): string[] {
  const { environment, resources, files, setup_tasks: tasks } = fieldsOf(json);
  const rows = (key: string, list: unknown) =>
    Array.isArray(list) ? list.map((item: unknown, index) => [`${key}.${index}`, item]) : [];
  const wanted: unknown[][] = [
    ['environment', environment],
    ['resources', resources],
    ...rows('files', files),
    ...rows('setup_tasks', tasks),
  ];
  return wanted.filter(([, value]) => Array.isArray(value)).map(([path]) => String(path));
}

/** Of two files of one profile with the same path one would be lost without a word. */
function repeatedPaths(json: unknown): string[] {
  const { files } = fieldsOf(json);
  const paths = Array.isArray(files) ? files.map((file: unknown) => fieldsOf(file).path) : [];
  return paths.flatMap((path, index) => {
    const first = paths.indexOf(path);
    if (typeof path !== 'string' || first === index) return [];
    return [`"files.${index}.path": expected another one than files.${first}, got "${path}" again`];
  });
}

function fieldsOf(json: unknown): Partial<Record<string, unknown>> {
  return typeof json === 'object' && json !== null ? json : {};
}

const known: Readonly<Record<string, object>> = {
  '': profileEntries,
  resources: resourceEntries,
  files: fileEntries,
  setup_tasks: taskEntries,
};

/** More than one where an object has more than one key that it may not have. */
function describeIssue(issue: Issue, below = ''): string[] {
  const path = below + (v.getDotPath(issue) ?? '');
  const subject = path === '' ? '' : `"${path}": `;
  if (issue.kind === 'validation') return [`${subject}${issue.message}`];
  if (issue.type === 'strict_object' && issue.expected === 'never') return unknownKeys(issue);
  if (issue.type === 'strict_object' && issue.received === 'undefined') {
    return [`the key "${path}" is missing`];
  }
  // What is in a list says more than that none of the choices fits.
  const inner = issue.issues?.filter((each) => each.path !== undefined) ?? [];
  if (inner.length > 0) return inner.flatMap((each) => describeIssue(each, `${path}.`));
  const wanted = inWords(issue.expected ?? 'another value');
  return [`${subject || 'the whole file: '}expected ${wanted}, got ${inWords(issue.received)}`];
}

/** The schema tells of the first one only. */
function unknownKeys(issue: Issue): string[] {
  const path = issue.path ?? [];
  const keys = path.map((item) => String(item.key));
  const [top = ''] = keys.length > 1 ? keys : [];
  const entries = known[top] ?? {};
  const names = Object.keys(entries).filter((key) => key !== '$schema');
  const prefix = keys.slice(0, -1).map((key) => `${key}.`);
  return Object.keys(fieldsOf(path.at(-1)?.input))
    .filter((key) => !Object.hasOwn(entries, key))
    .map((key) => `unknown key "${prefix.join('')}${key}"${keyHint(key, names)}`);
}

const typeWords: Readonly<Record<string, string>> = {
  Object: 'an object',
  Array: 'an array',
  string: 'text',
  '(string | number)': 'text or a number',
  '(string | Array)': 'text or an array',
};

function inWords(type: string): string {
  return typeWords[type] ?? type;
}
