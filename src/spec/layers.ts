import type { Problems } from './problems.ts';
import {
  type SettingName,
  type SettingValues,
  formatSetting,
  imageVariables,
  settingNames,
  settingOf,
} from './settings.ts';
import { variable } from './variables.ts';

/** Settings as text from one source, each with the words that name where it came from. */
export type Layer = Partial<
  Record<SettingName, { readonly text: string; readonly origin: string }>
>;

export interface ResolvedSettings {
  readonly values: SettingValues;
  readonly origins: Readonly<Record<SettingName, string>>;
}

/** Layers in ascending order of precedence. `project` may only narrow what stands below it. */
export interface LayerStack {
  readonly below: readonly Layer[];
  readonly project: Layer;
  readonly above: readonly Layer[];
}

export function defaultLayer(): Layer {
  const layer: Layer = {};
  for (const name of settingNames) {
    const text = settingOf(name).default;
    if (text !== null) layer[name] = { text, origin: 'default' };
  }
  return layer;
}

/** Settings from environment variables; an empty variable counts as not set. */
export function environmentLayer(env: NodeJS.ProcessEnv): Layer {
  const layer: Layer = {};
  for (const name of settingNames) {
    for (const origin of settingOf(name).environment.toReversed()) {
      const text = variable(env, origin);
      if (text !== null) layer[name] = { text, origin };
    }
  }
  const image = variable(env, imageVariables.name);
  if (image && !layer.image) {
    const tag = variable(env, imageVariables.tag);
    layer.image = { text: tag ? `${image}:${tag}` : image, origin: imageVariables.name };
  }
  return layer;
}

export function resolveLayers(stack: LayerStack, problems: Problems): ResolvedSettings {
  const values: Partial<Record<SettingName, unknown>> = {};
  const origins: Partial<Record<SettingName, string>> = {};
  for (const name of settingNames) {
    const read = (entry: Entry | undefined) =>
      entry && {
        entry,
        value: problems.attempt(entry.origin, () => settingOf(name).parse(entry.text)),
      };
    const above = read(stack.above.findLast((layer) => layer[name])?.[name]);
    const below = above ? undefined : read(stack.below.findLast((layer) => layer[name])?.[name]);
    const project = above ? undefined : read(stack.project[name]);
    if (project) refuseWidening(name, { project, below }, problems);
    const chosen = above ?? project ?? below;
    origins[name] = chosen?.entry.origin ?? 'default';
    values[name] = chosen?.value ?? null;
  }
  return { values: values as SettingValues, origins: origins as Record<SettingName, string> };
}

type Entry = NonNullable<Layer[SettingName]>;

interface ReadEntry {
  readonly entry: Entry;
  /** Undefined where it could not be parsed, which is a problem already. */
  readonly value: unknown;
}

/** A project's file may be untrusted: what would give the task more than the caller's own settings is an error. */
function refuseWidening(
  name: SettingName,
  { project, below }: { project: ReadEntry; below: ReadEntry | undefined },
  problems: Problems,
): void {
  const setting = settingOf(name);
  const { text, origin } = project.entry;
  if (setting.project === 'may-set') return;
  if (setting.project === 'may-not-set') {
    problems.add(origin, 'a project may not set this; use a flag or your own config file');
    return;
  }
  if (project.value === undefined || below?.value === undefined) return;
  const width = (value: unknown) => setting.width?.(value) ?? Infinity;
  const [asked, given] = [width(project.value), width(below.value)];
  // Two named networks are as wide as each other, and yet another one is not the one that was given.
  if (asked < given || project.value === below.value) return;
  const limit = `${formatSetting(name, below.value)} (${below.entry.origin})`;
  problems.add(
    origin,
    `a project may only narrow this: ${text} is not less than ${limit}; use a flag or your own config file`,
  );
}
