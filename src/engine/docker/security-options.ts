import { SandboxFailure, messageOf } from '../../failure.ts';
import { readPlantableFile } from '../../spec/regular-file.ts';

const seccompFile = /^seccomp=(\/.*)$/s;

/**
 * What HostConfig.SecurityOpt takes: a seccomp profile goes there as its text. Rejects with a SandboxFailure
 * (`invalid-settings`) where the file is no profile.
 */
export async function securityOptions(asked: readonly string[]): Promise<string[]> {
  const resolved = asked.map(async (option) => {
    const path = seccompFile.exec(option)?.[1];
    return path === undefined ? option : `seccomp=${await readProfile(path)}`;
  });
  return ['no-new-privileges', ...(await Promise.all(resolved))];
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
      `expected --security-opt seccomp=FILE to name a seccomp profile in JSON, got ${path}: ${messageOf(error)}`,
      { hint: "Nothing was started. Leave the option out for the engine's default profile." },
    );
  }
}
