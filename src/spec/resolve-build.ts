import type { Problem } from '../failure.ts';
import { Problems } from './problems.ts';
import type { Layer } from './layers.ts';
import { imageSource, resolveBuildArgs } from './resolve-image.ts';
import { required } from './required.ts';
import { type Sources, resolveSettings } from './resolve-settings.ts';
import { freeze, fromSettings } from './resolve-spec.ts';
import { createTaskId } from './task-id.ts';
import type { TaskSpec } from './task-spec.ts';

export interface BuildRequest {
  readonly flags: Layer;
  readonly buildArgs: readonly string[];
  readonly problems: readonly Problem[];
  /** What to look at where something is wrong, as in `See: sandbox image build --help`. */
  readonly hint: string;
}

/**
 * The spec by which an engine makes an image or is asked about images, for a command that is never run: neither
 * the workspace nor privileges are looked at. Rejects as resolveSpec does.
 */
export async function resolveBuild(
  { flags, buildArgs, problems: found, hint }: BuildRequest,
  asked: Omit<Sources, 'hasTask'>,
): Promise<TaskSpec> {
  const problems = new Problems(found);
  const sources = { ...asked, hasTask: false };
  const settings = await resolveSettings(flags, sources, problems);
  const args = resolveBuildArgs(buildArgs, { settings, sources }, problems);
  problems.throwIfAny(hint);
  return freeze({
    ...fromSettings(settings),
    ...imageSource(settings, args),
    ...nothingToRun,
    // Nobody runs it, but a stand-in must have the shell that tasks of this profile will ask for.
    command: [required(settings.profile).shell, '-c', ':'],
    // Whoever calls for a build wants one.
    mayBuild: true,
    id: createTaskId(),
  });
}

const nothingToRun = {
  keepEntrypoint: false,
  nestedDocker: false,
  mounts: [],
  tmpfs: [],
  secrets: [],
  capAdd: [],
  securityOpt: [],
  seccompDigest: null,
  environment: {},
  labels: {},
  stdin: false,
  tty: null,
  receiptPath: '/dev/null',
};
