import type Docker from 'dockerode';
import type { SandboxFailure } from '../../../../failure.ts';
import type { TaskSpec } from '../../../../spec/task-spec.ts';
import type { CreateContext } from '../../../engine.ts';
import { roundMs } from '../../../phase-clock.ts';
import { deadlineSignal } from '../../../timer.ts';
import { type DockerApi, callLimitsMs } from '../../docker-api.ts';
import { httpStatusOf } from '../../engine-failure.ts';
import { PullError, pullOnce } from './pull-attempt.ts';
import { pullFailure } from './pull-failure.ts';
import { fitsPlatform } from './pull-platform.ts';
import { isPassing } from './pull-problem.ts';
import { missing, notAsPinned, tooSlow, wrongPlatform } from './pull-refusal.ts';
import { type RegistryLogin, registryLogin } from './registry-login.ts';
import { digestFor, isImageId, pinOf, registryOf } from './registry-reference.ts';
import { withRetries } from '../retry.ts';

/** Which image is to be on the engine, and how far to go for it. */
export type WantedImage = Pick<TaskSpec, 'pull' | 'pullTimeoutMs' | 'platform'> & {
  readonly reference: string;
  /** True for what the image of a profile is built on. */
  readonly isBase: boolean;
};

export interface PresentImage {
  readonly id: string;
  /** The registry's; null where it was never pulled or pushed. */
  readonly digest: string | null;
  /** What pulling took; null where it was there. */
  readonly pulledMs: number | null;
}

/** Makes sure that an image is on the engine, for the platform that was asked for. */
export async function ensurePresent(
  api: DockerApi,
  wanted: WantedImage,
  context: CreateContext,
): Promise<PresentImage> {
  const { image, pulledMs } = await presentImage(api, wanted, context);
  return { id: image.Id, digest: digestFor(wanted.reference, image.RepoDigests), pulledMs };
}

/** The same, and all that the engine says of it. */
export async function presentImage(
  api: DockerApi,
  wanted: WantedImage,
  context: CreateContext,
): Promise<{ image: Docker.ImageInspectInfo; pulledMs: number | null }> {
  const { reference, platform, pull } = wanted;
  const mayPull = pull !== 'never' && !isImageId(reference);
  const image = await inspectImage(api, reference, context.cancel);
  const isUsable = image !== null && fitsPlatform(image, platform);
  if (isUsable && (pull !== 'always' || !mayPull)) return { image, pulledMs: null };
  if (!mayPull) throw image ? wrongPlatform(wanted, image) : missing(wanted);
  return await pulledImage(api, wanted, context);
}

/** What the engine says of an image; null where it has none of that name. */
export async function inspectImage(
  api: DockerApi,
  reference: string,
  cancel: AbortSignal,
): Promise<Docker.ImageInspectInfo | null> {
  try {
    return await api.call(
      callLimitsMs.quick,
      (abortSignal) => api.docker.getImage(reference).inspect({ abortSignal }),
      cancel,
    );
  } catch (error) {
    if (httpStatusOf(error) === 404) return null;
    throw error;
  }
}

async function pulledImage(api: DockerApi, wanted: WantedImage, context: CreateContext) {
  const { reference, platform } = wanted;
  const startMs = performance.now();
  context.progress({ kind: 'begin', what: 'pull', reference, platform });
  await context.phases.measure('pull', () => pull(api, wanted, context));
  context.progress({ kind: 'end', what: 'pull', reference, platform });
  const pulledMs = roundMs(performance.now() - startMs);
  const image = await inspectImage(api, reference, context.cancel);
  if (!image) throw missing(wanted);
  if (!fitsPlatform(image, wanted.platform)) throw wrongPlatform(wanted, image);
  const pin = pinOf(reference);
  if (pin !== null && !image.RepoDigests.some((digest) => digest.endsWith(`@${pin}`))) {
    throw notAsPinned(reference, image.RepoDigests);
  }
  return { image, pulledMs };
}

async function pull(api: DockerApi, wanted: WantedImage, context: CreateContext): Promise<void> {
  const limit = deadlineSignal(wanted.pullTimeoutMs);
  const signal = AbortSignal.any([limit.signal, context.cancel]);
  try {
    const login = await registryLogin(registryOf(wanted.reference), process.env, signal);
    if (login.problem !== null) context.warn(`${login.problem}; pulling without a login`);
    const work = () => pullOnce(api, { wanted, login, signal }, context);
    await withRetries(work, {
      isTransient: (error) => error instanceof PullError && isPassing(error.problem),
      cancel: signal,
      onRetry: (error, afterMs) =>
        context.progress({ kind: 'retry', reason: (error as PullError).message, afterMs }),
    }).catch((error: unknown) => {
      throw error instanceof PullError ? finalFailure(error, wanted, login) : error;
    });
  } catch (error) {
    context.cancel.throwIfAborted();
    throw limit.signal.aborted ? tooSlow(wanted) : error;
  } finally {
    limit.clear();
  }
}

function finalFailure(error: PullError, wanted: WantedImage, login: RegistryLogin): SandboxFailure {
  const reason = error.message;
  return pullFailure(error.problem, { ...wanted, reason, loginProblem: login.problem });
}
