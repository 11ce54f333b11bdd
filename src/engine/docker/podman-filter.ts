import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import * as v from 'valibot';
import { SandboxFailure } from '../../failure.ts';
import { randomName } from '../../spec/random-name.ts';
import { readPlantableFile } from '../../spec/regular-file.ts';
import type { TaskSpec } from '../../spec/task-spec.ts';
import { signDirectory } from '../owned-directory.ts';
import { secretsDirectory } from '../secrets-directory.ts';
import type { DockerApi } from './docker-api.ts';
import { engineMessageOf } from './engine-failure.ts';
import { narrowedProfile } from './narrowed-profile.ts';
import { asksForSeccomp } from './security-options.ts';

type Options = Docker.ContainerCreateOptions;

const infoSchema = v.object({
  host: v.object({
    security: v.object({ seccompEnabled: v.boolean(), seccompProfilePath: v.string() }),
  }),
});

/**
 * The filter of system calls that a task gets from Podman: its own one, narrowed. Null where that cannot be had, and
 * then the receipt says so: Podman is on another machine, or its profile cannot be read or narrowed.
 */
export async function podmanFilter(api: DockerApi): Promise<string | null> {
  if (!api.sharesFiles()) return null;
  try {
    const { security } = v.parse(infoSchema, await api.get('/libpod/info')).host;
    if (!security.seccompEnabled) return null;
    return narrowedProfile(await readPlantableFile(security.seccompProfilePath));
  } catch {
    return null;
  }
}

/**
 * Makes a container on Podman, which takes a seccomp profile as the path of a file and reads that meanwhile, where
 * Docker takes the profile itself.
 */
export async function withProfileInFile<T>(
  api: DockerApi,
  options: Options,
  make: (options: Options) => Promise<T>,
): Promise<T> {
  const asked = (options.HostConfig?.SecurityOpt ?? []) as readonly string[];
  if (!asked.some(holdsProfile)) return await make(options);
  if (!api.sharesFiles()) throw elsewhere();
  const directory = await ownDirectory();
  try {
    const SecurityOpt = await Promise.all(asked.map((option, at) => inFile(option, directory, at)));
    return await make({ ...options, HostConfig: { ...options.HostConfig, SecurityOpt } });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const named = 'seccomp=';

function holdsProfile(option: string): boolean {
  return option.startsWith(named) && option !== `${named}unconfined`;
}

async function inFile(option: string, directory: string, at: number): Promise<string> {
  if (!holdsProfile(option)) return option;
  const path = join(directory, `${at}.json`);
  await writeFile(path, option.slice(named.length), { flag: 'wx', mode: 0o600 });
  return named + path;
}

/** Swept with the secrets, should we be killed. */
async function ownDirectory(): Promise<string> {
  const directory = join(await secretsDirectory(), `seccomp.${randomName(6)}`);
  await mkdir(directory, { mode: 0o700, recursive: true });
  await signDirectory(directory);
  return directory;
}

function elsewhere(): SandboxFailure {
  return new SandboxFailure(
    'not-enforceable',
    'Podman reads the file of --security-opt seccomp=FILE itself, and this Podman is on another machine',
    { hint: "Nothing was started. Leave the option out for Podman's own filter." },
  );
}

/**
 * The same without a filter of ours that Podman could not read, for it may run behind another file system than ours,
 * or not follow. Null where the failure is another one.
 */
export function withoutOwnFilter(
  options: readonly string[],
  { securityOpt }: TaskSpec,
  error: unknown,
): string[] | null {
  if (asksForSeccomp(securityOpt) || !options.some(holdsProfile)) return null;
  if (!/seccomp profile/i.test(engineMessageOf(error))) return null;
  return options.filter((option) => !holdsProfile(option));
}
