import { basename } from 'node:path';
import * as v from 'valibot';
import { type Problem, SandboxFailure } from '../../failure.ts';
import { droppedName } from '../dropped-name.ts';
import { JsonError, type JsonText, parseJsonText } from '../json-text.ts';
import type { Layer } from '../layers.ts';
import type { SettingName } from '../settings.ts';
import { builtInProfiles } from './built-in-profiles.ts';
import { contentProblems } from './profile-problems.ts';
import { type ProfileFile, profileSchema } from './profile-schema.ts';

export type { ProfileFile } from './profile-schema.ts';

/** Rejects what is no profile with a SandboxFailure (`profile-unreadable`) that names every problem. */
export function parseProfileFile(path: string, content: Uint8Array): ProfileFile {
  const { value: json, repeated } = parsedJson(path, content);
  // An array would pass for an object without keys.
  if (Array.isArray(json)) throw unreadableProfile(path, ['expected an object, got an array']);
  const parsed = v.safeParse(profileSchema, json);
  const problems = [
    ...repeated,
    ...contentProblems(json, parsed.issues ?? []),
    ...nameProblems(path, json),
    ...droppedProblems(json),
  ];
  if (!parsed.success || problems.length > 0) throw unreadableProfile(path, problems);
  return parsed.output;
}

function parsedJson(path: string, content: Uint8Array): JsonText {
  try {
    return parseJsonText(content);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw unreadableProfile(path, [`it is not JSON: ${error.message}`], error);
  }
}

/** What the settings of a profile are called in it. */
export const profileKeys = {
  cpus: 'resources.cpus',
  memory: 'resources.memory',
  pidsLimit: 'resources.pids',
  timeout: 'resources.timeout',
  network: 'network',
  workdir: 'workdir',
} as const satisfies Partial<Record<SettingName, string>>;

export type ProfileSetting = keyof typeof profileKeys;

/** The settings in a profile, as text like those of any other source. */
export function profileLayer(
  label: string,
  { resources, network, workdir }: Pick<ProfileFile, 'resources' | 'network' | 'workdir'>,
): Layer {
  const { cpus, memory, pids: pidsLimit, timeout } = resources ?? {};
  const values = { cpus, memory, pidsLimit, timeout, network, workdir };
  const layer: Layer = {};
  for (const name of Object.keys(profileKeys) as ProfileSetting[]) {
    const value = values[name];
    const origin = `${label}: ${profileKeys[name]}`;
    if (value !== undefined) layer[name] = { text: String(value), origin };
  }
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
    hint: 'docs/profiles.md says what a profile may have.',
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
