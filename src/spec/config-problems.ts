import * as v from 'valibot';
import type { JsonPath } from './json-place.ts';
import { settingNames } from './settings.ts';
import { keyHint } from './unknown-key.ts';

export interface ConfigProblem {
  readonly at: JsonPath;
  readonly message: string;
}

/** What the same thing is called elsewhere. */
const otherNames = { volume: 'mounts', volumes: 'mounts', environment: 'env' };

/** What the schema has against a config file; it tells of the first unknown key only, so they are looked for. */
export function configProblems(
  json: unknown,
  issues: readonly v.BaseIssue<unknown>[],
  known: readonly string[],
): ConfigProblem[] {
  const unknown = issues.some(isUnknownKey) ? Object.keys(json as object) : [];
  return [
    ...unknown
      .filter((key) => !known.includes(key))
      .map((key) => ({ at: [key], message: unknownKey(key, known) })),
    ...issues.filter((issue) => !isUnknownKey(issue)).map(wrongValue),
  ];
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
