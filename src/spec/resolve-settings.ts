import { join } from 'node:path';
import { type ConfigFile, configFileName, readConfigFile, userConfigPath } from './config-file.ts';
import { type Caller, type Uid, workspacePath } from './host-path.ts';
import {
  type Layer,
  type ResolvedSettings,
  defaultLayer,
  environmentLayer,
  resolveLayers,
} from './layers.ts';
import type { Problems } from './problems.ts';
import type { SettingName } from './settings.ts';

/** Where settings may come from besides the request itself. */
export interface Sources {
  readonly caller: Caller;
  /** False: neither SANDBOX_* variables nor config files are looked at. */
  readonly ambient: boolean;
}

export interface EffectiveSettings extends ResolvedSettings {
  /** The real path, or null when it is among the problems. */
  readonly workspacePath: string | null;
  readonly configFiles: readonly ConfigFile[];
}

/** defaults ← your config file ← the project's config file ← environment ← flags. */
export async function resolveSettings(
  flags: Layer,
  { caller, ambient }: Sources,
  problems: Problems,
): Promise<EffectiveSettings> {
  const environment = ambient ? environmentLayer(caller.env) : {};
  const above = [environment, flags];
  const userConfig = ambient ? await readConfigFile(userConfigPath(caller.env)) : null;
  const workspace = await resolveWorkspace([userConfig?.layer ?? {}, ...above], caller, problems);
  const projectConfig =
    ambient && workspace ? await readConfigFile(join(workspace, configFileName)) : null;
  if (projectConfig) refuseMounts(projectConfig, problems);
  const stack = {
    below: [defaultLayer(), userConfig?.layer ?? {}],
    project: projectConfig?.layer ?? {},
    above,
  };
  return {
    ...resolveLayers(stack, problems),
    workspacePath: workspace,
    configFiles: [userConfig, projectConfig].filter((file) => file !== null),
  };
}

/** Ahead of the rest, since the project's config file lies in it. */
async function resolveWorkspace(layers: Layer[], caller: Caller, problems: Problems) {
  const chosen = (name: SettingName) => layers.findLast((layer) => layer[name])?.[name];
  const { text, origin } = chosen('workspace') ?? {
    text: caller.cwd,
    origin: 'workspace (the current directory)',
  };
  // Nobody writes to what is read-only.
  const isReadOnly = chosen('workspaceMode')?.text === 'ro';
  const writer = isReadOnly
    ? { uid: null, gid: null }
    : writerOf(chosen('user')?.text ?? null, caller);
  return (await problems.attemptAsync(origin, () => workspacePath(text, caller, writer))) ?? null;
}

/** The uid that will write to the workspace, where it can be known without the image. */
function writerOf(user: string | null, caller: Caller): Uid {
  if (user === null) return { uid: caller.uid, gid: caller.gid };
  const match = /^(\d+)(?::(\d+))?$/.exec(user);
  if (!match) return { uid: user === 'root' ? 0 : null, gid: null };
  return { uid: Number(match[1]), gid: match[2] === undefined ? null : Number(match[2]) };
}

function refuseMounts(file: ConfigFile, problems: Problems): void {
  for (const key of ['mounts', 'tmpfs'] as const) {
    if (file[key].length === 0) continue;
    problems.add(
      `${file.path}: ${key}`,
      'a project may not set this; use a flag or your own config file',
    );
  }
}
