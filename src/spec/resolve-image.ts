import type { Problems } from './problems.ts';
import { baseArg, parseBuildArg } from './profile/build-arg.ts';
import { nestedDockerProfile } from './profile/built-in-profiles.ts';
import type { Profile } from './profile/resolve-profile.ts';
import { emptyRecord, required } from './required.ts';
import type { EffectiveSettings, Sources } from './resolve-settings.ts';
import { settings as table } from './settings.ts';

/** An image that was named is used as it is, whatever the profile would build. */
export function imageSource(
  { values, profile, isProfileNamedByProject }: EffectiveSettings,
  buildArgs: Record<string, string>,
) {
  const { name, image, recipe, isProjects } = required(profile);
  return {
    profile: name,
    image: values.image ?? image,
    recipe: values.image === null ? recipe : null,
    // Its setup tasks run as root, with a network: the caller has to have asked for that.
    mayBuild: !(isProjects && isProfileNamedByProject),
    buildArgs,
  };
}

export function resolveBuildArgs(
  texts: readonly string[],
  { settings, sources }: { settings: EffectiveSettings; sources: Sources },
  problems: Problems,
): Record<string, string> {
  const buildArgs = emptyRecord();
  for (const file of settings.configFiles) {
    for (const [name, value] of Object.entries(file.buildArgs)) {
      const subject = `${file.path}: buildArgs`;
      Object.assign(buildArgs, checkedBuildArg(`${name}=${value}`, { subject, env: {} }, problems));
    }
  }
  for (const text of texts) {
    const origin = { subject: '--build-arg', env: sources.caller.env };
    Object.assign(buildArgs, checkedBuildArg(text, origin, problems));
  }
  return buildArgs;
}

function checkedBuildArg(
  text: string,
  { subject, env }: { subject: string; env: NodeJS.ProcessEnv },
  problems: Problems,
): Record<string, string> {
  const parsed = problems.attempt(subject, () => {
    const { name, value } = parseBuildArg(text, env);
    return { [name]: name === baseArg ? table.image.parse(value) : value };
  });
  return parsed ?? {};
}

/** Privileges are given by the word of the caller, never by that of a file. */
export function resolveNestedDocker(
  { allowNestedDocker }: { readonly allowNestedDocker: boolean },
  profile: Profile | null,
  problems: Problems,
): boolean {
  const isNeeded = profile?.needsNestedDocker === true;
  if (isNeeded && profile.isProjects) {
    problems.add('--profile', `a project's profile may not extend ${nestedDockerProfile}`);
  } else if (isNeeded && !allowNestedDocker) {
    problems.add(
      '--profile',
      `${profile.name} runs Docker inside the sandbox, which takes privileges that nothing isolates; to accept that, add --allow-nested-docker`,
    );
  }
  if (allowNestedDocker && profile && !isNeeded) {
    problems.add('--allow-nested-docker', `expected --profile ${nestedDockerProfile} with it`);
  }
  return isNeeded;
}
