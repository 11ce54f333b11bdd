import { createInterface } from 'node:readline';
import type Docker from 'dockerode';
import { SandboxFailure } from '../../failure.ts';
import { profileOfLocalImage } from '../../spec/profile.ts';
import type { TaskSpec } from '../../spec/task-spec.ts';
import type { CreateContext } from '../engine.ts';
import { deadlineSignal } from '../timer.ts';
import { type DockerApi, callLimitsMs } from './docker-api.ts';
import { engineMessageOf, httpStatusOf } from './engine-failure.ts';

export interface UsableImage {
  readonly reference: string;
  readonly id: string;
  /** The registry's digest, where the image came from one. */
  readonly digest: string | null;
  readonly entrypoint: readonly string[];
  readonly environment: readonly string[];
}

/** The image as the engine has it, pulled first where the policy says so. */
export async function ensureImage(
  api: DockerApi,
  spec: TaskSpec,
  context: CreateContext,
): Promise<UsableImage> {
  if (spec.pull === 'always' && !profileOfLocalImage(spec.image)) {
    await context.phases.measure('pull', () => pull(api, spec, context.cancel));
  }
  const found = await inspect(api, spec.image, context.cancel);
  if (found) return usable(spec.image, found);
  if (spec.pull === 'never' || profileOfLocalImage(spec.image)) throw missing(spec);
  await context.phases.measure('pull', () => pull(api, spec, context.cancel));
  const pulled = await inspect(api, spec.image, context.cancel);
  if (!pulled) throw missing(spec);
  return usable(spec.image, pulled);
}

async function inspect(
  api: DockerApi,
  reference: string,
  cancel: AbortSignal,
): Promise<Docker.ImageInspectInfo | null> {
  try {
    // The type declarations do not know that every call takes an abortSignal.
    return await api.call(
      callLimitsMs.quick,
      (abortSignal) =>
        api.docker.getImage(reference).inspect({ abortSignal } as Docker.ImageInspectOptions),
      cancel,
    );
  } catch (error) {
    if (httpStatusOf(error) === 404) return null;
    throw error;
  }
}

function usable(reference: string, image: Docker.ImageInspectInfo): UsableImage {
  const { Entrypoint, Env } = image.Config as Partial<Docker.ImageInspectInfo['Config']>;
  const entrypoint = Entrypoint ?? [];
  return {
    reference,
    id: image.Id,
    // An image that was never pulled or pushed has none.
    digest: (image.RepoDigests as string[] | null)?.[0] ?? null,
    entrypoint: typeof entrypoint === 'string' ? [entrypoint] : entrypoint,
    environment: Env ?? [],
  };
}

function missing({ image, pull }: TaskSpec): SandboxFailure {
  const profile = profileOfLocalImage(image);
  const hint = profile
    ? `Build it: docker build -t ${image} images/${profile.name}`
    : `Get it with \`docker pull ${image}\`, or leave out --pull ${pull}.`;
  return new SandboxFailure('image-not-found', `the engine has no image "${image}"`, { hint });
}

async function pull(api: DockerApi, spec: TaskSpec, cancel: AbortSignal): Promise<void> {
  const limit = deadlineSignal(spec.pullTimeoutMs);
  const abortSignal = AbortSignal.any([limit.signal, cancel]);
  try {
    const { fromImage, tag } = splitReference(spec.image);
    const options = { fromImage, ...(tag ? { tag } : {}), abortSignal };
    const progress = await api.docker.createImage(options);
    await followPull(progress, abortSignal);
    abortSignal.throwIfAborted();
  } catch (error) {
    cancel.throwIfAborted();
    const isLate = limit.signal.aborted;
    throw pullFailure(spec, isLate ? 'it took longer than --pull-timeout' : engineMessageOf(error));
  } finally {
    limit.clear();
  }
}

/** Without a tag the engine would pull every tag of the repository. */
export function splitReference(reference: string): { fromImage: string; tag: string | null } {
  if (reference.includes('@')) return { fromImage: reference, tag: null };
  const colon = reference.lastIndexOf(':');
  if (colon <= reference.lastIndexOf('/')) return { fromImage: reference, tag: 'latest' };
  return { fromImage: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}

/** The engine answers 200 and reports a failure in the progress stream. */
async function followPull(progress: NodeJS.ReadableStream, signal: AbortSignal): Promise<void> {
  for await (const line of createInterface({ input: progress, signal })) {
    const { error } = JSON.parse(line) as { error?: string };
    if (error) throw new Error(error);
  }
}

function pullFailure({ image }: TaskSpec, reason: string): SandboxFailure {
  return new SandboxFailure(
    'image-pull-failed',
    `the image "${image}" is not on the engine and could not be pulled: ${reason}`,
    {
      hint: 'Check its name and the network; load it by hand with `docker load` or `docker import`; or choose another with --image.',
    },
  );
}
