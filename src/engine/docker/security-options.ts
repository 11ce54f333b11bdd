import { SandboxFailure } from '../../failure.ts';
import { notFollowed, readPlantableFile } from '../../spec/regular-file.ts';
import { whyUnreadable } from '../../spec/unreadable.ts';
import { seccompDigestOf, seccompPathOf } from '../../spec/seccomp-files.ts';
import type { TaskSpec } from '../../spec/task-spec.ts';

/**
 * What HostConfig.SecurityOpt takes: a seccomp profile goes there as its text. Rejects with a SandboxFailure
 * (`invalid-settings`) where the file is no profile, or another one than the task was resolved with. `filter` is the
 * profile of who asks for none, where the engine's own default is not good enough.
 */
export async function securityOptions(
  { securityOpt, seccompDigest, nestedDocker }: Asked,
  filter: string | null,
): Promise<string[]> {
  const profiles = new Map<string, string>();
  for (const option of securityOpt) {
    const path = seccompPathOf(option);
    if (path !== null) profiles.set(option, await readProfile(path));
  }
  const found = seccompDigestOf(securityOpt.flatMap((option) => profiles.get(option) ?? []));
  if (found !== seccompDigest) throw changedMeanwhile();
  const options = securityOpt.map((option) => {
    const profile = profiles.get(option);
    return profile === undefined ? option : `seccomp=${profile}`;
  });
  const isOwn = filter !== null && !nestedDocker && !asksForSeccomp(securityOpt);
  return ['no-new-privileges', ...options, ...(isOwn ? [`seccomp=${filter}`] : [])];
}

type Asked = Pick<TaskSpec, 'securityOpt' | 'seccompDigest' | 'nestedDocker'>;

export function asksForSeccomp(securityOpt: readonly string[]): boolean {
  return securityOpt.some((option) => option.startsWith('seccomp='));
}

/** What the receipt says of the task would be wrong. */
function changedMeanwhile(): SandboxFailure {
  const message = 'expected the seccomp file that the task was checked with, found another content';
  return new SandboxFailure('invalid-settings', message, {
    hint: 'Nothing was started. Run it again.',
  });
}

/** Passed on as it is: numbers of 64 bits would not survive being written again. */
async function readProfile(path: string): Promise<string> {
  try {
    const text = await readPlantableFile(path);
    const profile: unknown = JSON.parse(text);
    if (typeof profile === 'object' && profile !== null && !Array.isArray(profile)) return text;
    throw new Error('it is no JSON object');
  } catch (error) {
    throw new SandboxFailure(
      'invalid-settings',
      `expected --security-opt seccomp=FILE to name a seccomp profile in JSON, got ${path}: ${whyUnreadable(error, notFollowed)}`,
      { hint: "Nothing was started. Leave the option out for the engine's default profile." },
    );
  }
}
