import type { Problems } from './problems.ts';
import {
  type SettingName,
  type SettingValues,
  formatSetting,
  settingNames,
  settingOf,
} from './settings.ts';

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
    const variable = settingOf(name).environment.find((candidate) => env[candidate]);
    if (variable) layer[name] = { text: env[variable] ?? '', origin: variable };
  }
  const image = env.DOCKER_IMAGE_NAME;
  if (image && !layer.image) {
    const tag = env.DOCKER_IMAGE_TAG;
    layer.image = { text: tag ? `${image}:${tag}` : image, origin: 'DOCKER_IMAGE_NAME' };
  }
  return layer;
}

export function resolveLayers(stack: LayerStack, problems: Problems): ResolvedSettings {
  const values: Partial<Record<SettingName, unknown>> = {};
  const origins: Partial<Record<SettingName, string>> = {};
  for (const name of settingNames) {
    const above = stack.above.findLast((layer) => layer[name])?.[name];
    const below = stack.below.findLast((layer) => layer[name])?.[name];
    const project = stack.project[name];
    const chosen = above ?? project ?? below;
    if (!above && project) refuseWidening(name, { project, below }, problems);
    origins[name] = chosen?.origin ?? 'default';
    values[name] = chosen
      ? (problems.attempt(chosen.origin, () => settingOf(name).parse(chosen.text)) ?? null)
      : null;
  }
  return { values: values as SettingValues, origins: origins as Record<SettingName, string> };
}

type Entry = NonNullable<Layer[SettingName]>;

/** A project's file may be untrusted: what would give the task more than the caller's own settings is an error. */
function refuseWidening(
  name: SettingName,
  { project, below }: { project: Entry; below: Entry | undefined },
  problems: Problems,
): void {
  const setting = settingOf(name);
  if (setting.project === 'may-set') return;
  if (setting.project === 'may-not-set') {
    problems.add(project.origin, 'a project may not set this; use a flag or your own config file');
    return;
  }
  const width = (entry: Entry) => setting.width?.(setting.parse(entry.text)) ?? Infinity;
  const isWider = problems.attempt(project.origin, () => below && width(project) > width(below));
  if (isWider !== true || !below) return;
  const limit = formatSetting(name, setting.parse(below.text));
  problems.add(
    project.origin,
    `a project may only narrow this: ${project.text} gives more than ${limit} (${below.origin}); use a flag or your own config file`,
  );
}
