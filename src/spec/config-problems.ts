import * as v from 'valibot';
import type { JsonPath } from './json-place.ts';
import { settingNames } from './settings.ts';
import { keyHint } from './unknown-key.ts';

export interface ConfigProblem {
  readonly at: JsonPath;
  readonly message: string;
}

const recordKeys = ['env', 'labels', 'buildArgs'];

/** What the same thing is called elsewhere. */
const otherNames = { volume: 'mounts', volumes: 'mounts', environment: 'env' };

/** What a config file is refused for, by the schema and by what that lets pass; it tells of the first unknown key only, so they are looked for. */
export function configProblems(
  json: unknown,
  issues: readonly v.BaseIssue<unknown>[],
  known: readonly string[],
): ConfigProblem[] {
  const unknown = issues.some(isUnknownKey) ? Object.keys(json as object) : [];
  return [
    ...listsForObjects(json),
    ...unknown
      .filter((key) => !known.includes(key))
      .map((key) => ({ at: [key], message: unknownKey(key, known) })),
    ...issues.filter((issue) => !isUnknownKey(issue)).map(wrongValue),
  ];
}

/** The schema takes a list for an object, whose names are numbers. */
function listsForObjects(json: unknown): ConfigProblem[] {
  return Object.entries(typeof json === 'object' && json !== null ? json : {})
    .filter(([key, value]) => recordKeys.includes(key) && Array.isArray(value))
    .map(([key]) => ({ at: [key], message: `"${key}": expected an object, got an array` }));
}

function isUnknownKey({ type, expected }: v.BaseIssue<unknown>): boolean {
  return type === 'strict_object' && expected === 'never';
}

function unknownKey(key: string, known: readonly string[]): string {
  const isFlagOnly = settingNames.some((name) => name === key);
  const shown = known.filter((name) => name !== '$schema');
  const hint = isFlagOnly ? ': a config file may not set it' : keyHint(key, shown, otherNames);
  return `unknown key "${key}"${hint}`;
}

function wrongValue(issue: v.BaseIssue<unknown>): ConfigProblem {
  const path = v.getDotPath(issue) ?? 'the whole file';
  const at = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
  const expected = issue.expected ?? 'another value';
  return { at, message: `"${path}": expected ${expected}, got ${issue.received}` };
}
