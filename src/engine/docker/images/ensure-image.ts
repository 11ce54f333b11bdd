import type Docker from 'dockerode';
import { SandboxFailure } from '../../../failure.ts';
import type { TaskSpec } from '../../../spec/task-spec.ts';
import type { CreateContext, ImageFacts } from '../../engine.ts';
import type { DockerApi } from '../docker-api.ts';
import { ensureBuilt, findOnBase } from './ensure-built.ts';
import { fitsPlatform } from './pull/pull-platform.ts';
import { inspectImage, presentImage } from './pull/pull.ts';
import { digestFor } from './pull/registry-reference.ts';

export { splitReference } from './pull/registry-reference.ts';

export interface UsableImage {
  readonly facts: ImageFacts;
  readonly entrypoint: readonly string[];
  readonly environment: readonly string[];
}

/** The image as the engine has it, pulled or built first where the policy says so. */
export async function ensureImage(
  api: DockerApi,
  spec: TaskSpec,
  context: CreateContext,
): Promise<UsableImage> {
  return (await findImage(api, spec, context.cancel)) ?? (await makeImage(api, spec, context));
}

/** For what is not there, or not to be used as it is. */
export async function makeImage(
  api: DockerApi,
  spec: TaskSpec,
  context: CreateContext,
): Promise<UsableImage> {
  if (spec.recipe !== null) {
    const built = await ensureBuilt(api, { ...spec, recipe: spec.recipe }, context);
    const found = await inspectImage(api, built.id, context.cancel);
    if (!found) throw vanished(built.reference);
    return usable(found, built);
  }
  const wanted = { ...spec, reference: spec.image, isBase: false };
  const { image, pulledMs } = await presentImage(api, wanted, context);
  return usable(image, factsOf(spec.image, image, pulledMs));
}

/** What there is and may be used as it is, by as few calls as that takes; null where more is to be done. */
export async function findImage(
  api: DockerApi,
  spec: TaskSpec,
  cancel: AbortSignal,
): Promise<UsableImage | null> {
  if (spec.pull === 'always') return null;
  if (spec.recipe !== null) {
    const found = await findOnBase(api, { ...spec, recipe: spec.recipe }, cancel);
    return found && usable(found.image, found.facts);
  }
  const image = await inspectImage(api, spec.image, cancel);
  if (!image || !fitsPlatform(image, spec.platform)) return null;
  return usable(image, factsOf(spec.image, image, null));
}

function factsOf(
  reference: string,
  image: Docker.ImageInspectInfo,
  pulledMs: number | null,
): ImageFacts {
  return {
    reference,
    id: image.Id,
    digest: digestFor(reference, image.RepoDigests),
    recipe: null,
    origin: pulledMs === null ? 'present' : 'pulled',
    preparedMs: pulledMs,
    minimal: false,
  };
}

function usable(image: Docker.ImageInspectInfo, facts: ImageFacts): UsableImage {
  const { Entrypoint, Env } = image.Config as Partial<Docker.ImageInspectInfo['Config']>;
  const entrypoint = Entrypoint ?? [];
  return {
    facts,
    entrypoint: typeof entrypoint === 'string' ? [entrypoint] : entrypoint,
    environment: Env ?? [],
  };
}

function vanished(reference: string): SandboxFailure {
  return new SandboxFailure(
    'image-not-found',
    `the image "${reference}" was removed while it was made ready`,
    { hint: 'Run it again.' },
  );
}
