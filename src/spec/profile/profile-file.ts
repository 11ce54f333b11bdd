import { basename } from 'node:path';
import * as v from 'valibot';
import { type Problem, SandboxFailure, messageOf } from '../../failure.ts';
import { droppedName } from '../dropped-name.ts';
import type { Layer } from '../layers.ts';
import type { SettingName } from '../settings.ts';
import { builtInProfiles } from './built-in-profiles.ts';
import {
  type ProfileFile,
  fileEntries,
  profileEntries,
  profileSchema,
  resourceEntries,
  taskEntries,
} from './profile-schema.ts';

export type { ProfileFile } from './profile-schema.ts';

/** Rejects what is no profile with a SandboxFailure (`profile-unreadable`) that names every problem. */
export function parseProfileFile(path: string, content: string): ProfileFile {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (error) {
    throw unreadableProfile(path, [`it is not JSON: ${messageOf(error)}`], error);
  }
  // An array would pass for an object without keys.
  if (Array.isArray(json)) throw unreadableProfile(path, ['expected an object, got an array']);
  const parsed = v.safeParse(profileSchema, json);
  const problems = [
    ...(parsed.issues ?? []).map(describeIssue),
    ...nameProblems(path, json),
    ...droppedProblems(json),
  ];
  if (!parsed.success || problems.length > 0) throw unreadableProfile(path, problems);
  return parsed.output;
}

/** The settings in a profile, as text like those of any other source. */
export function profileLayer(
  label: string,
  { resources, network, workdir }: Pick<ProfileFile, 'resources' | 'network' | 'workdir'>,
): Layer {
  const layer: Layer = {};
  const set = (name: SettingName, key: string, value: string | number | undefined) => {
    if (value !== undefined) layer[name] = { text: String(value), origin: `${label}: ${key}` };
  };
  set('cpus', 'resources.cpus', resources?.cpus);
  set('memory', 'resources.memory', resources?.memory);
  set('pidsLimit', 'resources.pids', resources?.pids);
  set('timeout', 'resources.timeout', resources?.timeout);
  set('network', 'network', network);
  set('workdir', 'workdir', workdir);
  return layer;
}

export function unreadableProfile(
  path: string,
  problems: readonly string[],
  cause?: unknown,
): SandboxFailure {
  return refusedProfile(
    path,
    problems.map((message) => ({ subject: path, message })),
    cause,
  );
}

export function refusedProfile(
  path: string,
  problems: readonly Problem[],
  cause?: unknown,
): SandboxFailure {
  return new SandboxFailure('profile-unreadable', `cannot use the profile ${path}`, {
    problems,
    hint: 'Nothing was started. docs/profiles.md says what a profile may have.',
    cause,
  });
}

/** A profile is found by the name of its file, and never stands in for a built-in one. */
function nameProblems(path: string, json: unknown): string[] {
  if (typeof json !== 'object' || json === null || !('name' in json)) return [];
  const { name } = json;
  if (typeof name !== 'string') return [];
  const isBuiltIn = builtInProfiles.some((profile) => profile.name === name);
  return [
    ...(basename(path) === `${name}.json`
      ? []
      : [`"name": expected that of the file, "${basename(path, '.json')}", got "${name}"`]),
    ...(isBuiltIn ? [`"name": "${name}" is the name of a built-in profile`] : []),
  ];
}

function droppedProblems(json: unknown): string[] {
  const found = droppedName(json);
  return found === null ? [] : [`the name "${found}" cannot be used`];
}

const known: Readonly<Record<string, object>> = {
  '': profileEntries,
  resources: resourceEntries,
  files: fileEntries,
  setup_tasks: taskEntries,
};

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  const subject = path === null ? '' : `"${path}": `;
  if (issue.kind === 'validation') return `${subject}${issue.message}`;
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const [top, ...below] = issue.path ?? [];
    const entries = known[below.length > 0 && typeof top?.key === 'string' ? top.key : ''] ?? {};
    const names = Object.keys(entries).filter((key) => key !== '$schema');
    return `unknown key "${path ?? ''}" (known: ${names.join(', ')})`;
  }
  if (issue.type === 'strict_object' && issue.received === 'undefined') {
    return `the key "${path ?? ''}" is missing`;
  }
  const wanted = issue.expected ?? 'another value';
  return `${subject === '' ? 'the whole file: ' : subject}expected ${wanted}, got ${issue.received}`;
}
