import { join } from 'node:path';
import * as v from 'valibot';
import { SandboxFailure, errnoOf } from '../failure.ts';
import { configProblems } from './config-problems.ts';
import { droppedName } from './dropped-name.ts';
import { JsonError, type JsonText, parseJsonText } from './json-text.ts';
import type { Layer } from './layers.ts';
import { isPlain, plainText } from './plain-text.ts';
import { notFollowed, readPlantableBytes } from './regular-file.ts';
import { type SettingName, settingNames, settingOf } from './settings.ts';
import { whyUnreadable } from './unreadable.ts';
import { directoryVariable, homeDirectory } from './variables.ts';

export const configFileName = 'sandbox.config.json';

const configValue = v.union([v.string(), v.number(), v.boolean()]);
const configKeys = settingNames.filter((name) => settingOf(name).config);
const environmentRecord = v.record(v.string(), v.string());

/** A config file: the settings under their own names, as text or as a plain number, and collections. */
export const configSchema = v.pipe(
  v.strictObject({
    $schema: v.optional(v.string()),
    ...(Object.fromEntries(configKeys.map((name) => [name, v.optional(configValue)])) as Record<
      (typeof configKeys)[number],
      v.OptionalSchema<typeof configValue, undefined>
    >),
    env: v.optional(v.pipe(environmentRecord, v.description('Environment variables of the task.'))),
    labels: v.optional(v.pipe(environmentRecord, v.description('Labels of the container.'))),
    buildArgs: v.optional(
      v.pipe(environmentRecord, v.description('As --build-arg. Not in a project file.')),
    ),
    mounts: v.optional(
      v.pipe(v.array(v.string()), v.description('As --mount. Not in a project file.')),
    ),
    tmpfs: v.optional(
      v.pipe(v.array(v.string()), v.description('As --tmpfs. Not in a project file.')),
    ),
  }),
  v.title('sandbox.config.json'),
);

export interface ConfigFile {
  readonly path: string;
  readonly layer: Layer;
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly mounts: readonly string[];
  readonly tmpfs: readonly string[];
}

/** The caller's own file, which may set everything. */
export function userConfigPath(env: NodeJS.ProcessEnv): string {
  const base = directoryVariable(env, 'XDG_CONFIG_HOME') ?? join(homeDirectory(env), '.config');
  return join(base, 'sandbox', configFileName);
}

/** Null when there is no such file; an unreadable or invalid one stops the run, never falls back to defaults. */
export async function readConfigFile(path: string): Promise<ConfigFile | null> {
  let content: Uint8Array;
  try {
    content = await readPlantableBytes(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw unreadable(path, whyUnreadable(error, notFollowed), error);
  }
  return parseConfigFile(path, content);
}

export function parseConfigFile(path: string, content: Uint8Array): ConfigFile {
  const { value: json, repeated, placeOf } = parsedJson(path, content);
  if (repeated.length > 0) throw unreadable(path, repeated.join('; '));
  // An array would pass for an object without keys.
  if (Array.isArray(json)) throw unreadable(path, 'expected an object, got an array');
  const parsed = v.safeParse(configSchema, json);
  const problems = configProblems(json, parsed.issues ?? [], Object.keys(configSchema.entries));
  if (!parsed.success || problems.length > 0) {
    const placed = problems.map(({ at, message }) => [placeOf(at), message]);
    throw unreadable(path, placed.map((parts) => parts.filter(Boolean).join(': ')).join('; '));
  }
  const dropped = droppedName(json);
  if (dropped !== null) throw unreadable(path, `the name "${dropped}" cannot be used`);
  const bad = Object.entries(parsed.output).find((entry) => !isPlain(entry));
  if (bad) throw unreadable(path, `"${bad[0]}": expected ${plainText}`);
  const { env, labels, buildArgs, mounts, tmpfs } = parsed.output;
  return {
    path,
    layer: layerOf(path, parsed.output),
    environment: env ?? {},
    labels: labels ?? {},
    buildArgs: buildArgs ?? {},
    mounts: mounts ?? [],
    tmpfs: tmpfs ?? [],
  };
}

function parsedJson(path: string, content: Uint8Array): JsonText {
  try {
    return parseJsonText(content);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw unreadable(path, `it is not JSON: ${error.message}`, error);
  }
}

function layerOf(
  path: string,
  values: Partial<Record<SettingName, string | number | boolean | undefined>>,
): Layer {
  const layer: Layer = {};
  for (const name of configKeys) {
    const value = values[name];
    if (value !== undefined) layer[name] = { text: String(value), origin: `${path}: ${name}` };
  }
  return layer;
}

function unreadable(path: string, reason: string, cause?: unknown): SandboxFailure {
  return new SandboxFailure('config-unreadable', `cannot use the config file ${path}: ${reason}`, {
    hint: 'Mend or remove the file.',
    cause,
  });
}
