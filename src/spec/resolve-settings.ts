import { join } from 'node:path';
import { type ConfigFile, configFileName, readConfigFile, userConfigPath } from './config-file.ts';
import { lookOnce } from './host-answers.ts';
import { type Caller, type Uid, existingRealPath, workspacePath } from './host-path.ts';
import {
  type Layer,
  type LayerStack,
  type ResolvedSettings,
  defaultLayer,
  environmentLayer,
  resolveLayers,
} from './layers.ts';
import type { Problems } from './problems.ts';
import { type ProfilePlaces, profilePlaces } from './profile/find-profile.ts';
import { type Profile, loadProfile } from './profile/resolve-profile.ts';
import type { SettingName } from './settings.ts';

/** Where settings may come from besides the request itself. */
export interface Sources {
  readonly caller: Caller;
  /** False: neither SANDBOX_* variables nor config files are looked at. */
  readonly ambient: boolean;
  /** False: no task will run, and the workspace is only where a project's files are looked for. */
  readonly hasTask?: boolean;
  /** Only these settings are looked at besides flags, and nothing of a project. */
  readonly only?: readonly SettingName[];
}

export interface EffectiveSettings extends ResolvedSettings {
  /** The real path, or null when it is among the problems. */
  readonly workspacePath: string | null;
  readonly configFiles: readonly ConfigFile[];
  /** Null when it is among the problems. */
  readonly profile: Profile | null;
  /** The project's own config file chose the profile. */
  readonly isProfileNamedByProject: boolean;
}

/** defaults ← the profile ← your config file ← the project's config file ← environment ← flags. */
export async function resolveSettings(
  flags: Layer,
  sources: Sources,
  problems: Problems,
): Promise<EffectiveSettings> {
  const { caller, ambient, only } = sources;
  const environment = ambient ? onlyOf(environmentLayer(caller.env), only) : {};
  const above = [environment, flags];
  const userConfig = ambient ? await configAt(userConfigPath(caller.env), caller) : null;
  const user = onlyOf(userConfig?.layer ?? {}, only);
  const workspace = await resolveWorkspace([user, ...above], sources, problems);
  const projectPlace = ambient && only === undefined ? workspace : null;
  const projectConfig =
    projectPlace === null ? null : await configAt(join(projectPlace, configFileName), caller);
  if (projectConfig) refuseInProject(projectConfig, problems);
  const project = projectConfig?.layer ?? {};
  const named = { below: [defaultLayer(), user], project, above };
  const places = ambient ? profilePlaces(caller.env, projectPlace) : { user: null, project: null };
  const profile = await chosenProfile(named, { places, caller }, problems);
  return {
    ...resolveLayers(withProfile(named, profile), problems),
    workspacePath: workspace,
    configFiles: [userConfig, projectConfig].filter((file) => file !== null),
    profile,
    isProfileNamedByProject: isNamedByProject(named),
  };
}

function onlyOf(layer: Layer, names: Sources['only']): Layer {
  if (names === undefined) return layer;
  const kept: Layer = {};
  for (const name of names) if (layer[name]) kept[name] = layer[name];
  return kept;
}

async function configAt(path: string, caller: Caller): Promise<ConfigFile | null> {
  return await lookOnce(caller, ['config', path], () => readConfigFile(path));
}

function isNamedByProject({ project, above }: LayerStack): boolean {
  return project.profile !== undefined && !above.some((layer) => layer.profile);
}

async function chosenProfile(
  { below, project, above }: LayerStack,
  { places, caller }: { places: ProfilePlaces; caller: Caller },
  problems: Problems,
): Promise<Profile | null> {
  const { text, origin } = [...below, project, ...above].findLast((layer) => layer.profile)
    ?.profile ?? { text: '', origin: '--profile' };
  // What is no name at all is said of the setting already.
  if (text === '' || text.includes('\0')) return null;
  const load = () => lookOnce(caller, ['profile', text, places], () => loadProfile(text, places));
  return (await problems.attemptAsync(origin, load)) ?? null;
}

/** What a project has a part in is held to what a project may do: its own profile, and your own that it names. */
function withProfile(stack: LayerStack, profile: Profile | null): LayerStack {
  const { project, above } = stack;
  const [defaults = {}, user = {}] = stack.below;
  const { builtIn, own } = profile?.settings ?? { builtIn: {}, own: {} };
  const isTrusted = !isNamedByProject(stack) && profile?.isProjects !== true;
  return withoutOverruledImage(
    isTrusted
      ? { below: [defaults, { ...builtIn, ...own }, user], project, above }
      : {
          below: [defaults, builtIn, user],
          project: { ...without(own, user), ...project },
          above,
        },
  );
}

/** The settings of one layer that another one does not have. */
function without(layer: Layer, overruling: Layer): Layer {
  const rows = Object.entries(layer).filter(([name]) => !Object.hasOwn(overruling, name));
  return Object.fromEntries(rows);
}

/** Whoever names a profile wants its image, unless somebody of the same or a higher rank names another one. */
function withoutOverruledImage({ below, project, above }: LayerStack): LayerStack {
  const layers = [...below, project, ...above];
  const named = layers.findLastIndex((layer) => layer.profile);
  const kept = layers.map((layer, rank): Layer => {
    return rank >= named || !layer.image ? layer : without(layer, { image: layer.image });
  });
  return {
    below: kept.slice(0, below.length),
    project: kept[below.length] ?? {},
    above: kept.slice(below.length + 1),
  };
}

/** Ahead of the rest, since the project's config file lies in it. */
async function resolveWorkspace(layers: Layer[], sources: Sources, problems: Problems) {
  const { caller, hasTask = true } = sources;
  const chosen = (name: SettingName) => layers.findLast((layer) => layer[name])?.[name];
  const { text, origin } = chosen('workspace') ?? {
    text: caller.cwd,
    origin: 'workspace (the current directory)',
  };
  if (!hasTask) {
    return (await problems.attemptAsync(origin, () => existingRealPath(text, caller))) ?? null;
  }
  // Nobody writes to what is read-only.
  const isReadOnly = chosen('workspaceMode')?.text === 'ro';
  const writer = isReadOnly
    ? { uid: null, gid: null }
    : writerOf(chosen('user')?.text ?? null, caller);
  const look = () =>
    lookOnce(caller, ['workspace', text, writer], () => workspacePath(text, caller, writer));
  return (await problems.attemptAsync(origin, look)) ?? null;
}

/** The uid that will write to the workspace, where it can be known without the image. */
function writerOf(user: string | null, caller: Caller): Uid {
  if (user === null) return { uid: caller.uid, gid: caller.gid };
  const match = /^(\d+)(?::(\d+))?$/.exec(user);
  if (!match) return { uid: user === 'root' ? 0 : null, gid: null };
  return { uid: Number(match[1]), gid: match[2] === undefined ? null : Number(match[2]) };
}

function refuseInProject(file: ConfigFile, problems: Problems): void {
  for (const key of ['mounts', 'tmpfs', 'buildArgs'] as const) {
    if (Object.keys(file[key]).length === 0) continue;
    problems.add(
      `${file.path}: ${key}`,
      'a project may not set this; use a flag or your own config file',
    );
  }
}
