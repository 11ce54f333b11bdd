import { recipeDigest } from '../../../spec/profile/recipe.ts';
import { SandboxFailure } from '../../../failure.ts';
import type { CreateContext, ImageFacts } from '../../engine.ts';
import { roundMs } from '../../phase-clock.ts';
import type { DockerApi } from '../docker-api.ts';
import { buildImage } from './build/build-image.ts';
import { buildLock } from './build/build-lock.ts';
import { builtReference, minimalReference } from './build/built-reference.ts';
import { type BuiltImage, findBuilt, findByRecipe, isOurs } from './store/find-built.ts';
import { fitsPlatform } from './pull/pull-platform.ts';
import { inspectImage } from './pull/pull.ts';
import { MissingBase, presentBase, pulledBase } from './build/recipe-base.ts';
import type { RecipeSpec } from './build/recipe-spec.ts';
import { removeReplaced } from './store/remove-replaced.ts';

export type { RecipeSpec } from './build/recipe-spec.ts';

/**
 * The image of a recipe, built first where it is not there. A task gets the small stand-in that was made for its
 * profile, where there is one for its platform, and neither the image nor a base to build it on.
 */
export async function ensureBuilt(
  api: DockerApi,
  spec: RecipeSpec,
  context: CreateContext,
): Promise<ImageFacts> {
  try {
    return await buildIfMissing(api, spec, context);
  } catch (error) {
    context.cancel.throwIfAborted();
    if (!(error instanceof MissingBase)) throw error;
    const standIn = await findStandIn(api, spec, context);
    if (!standIn) throw error;
    context.warn(
      `${error.message}; the task runs in ${standIn.reference}, which has a shell and core tools only`,
    );
    return standIn;
  }
}

/** What was built on the base that is there; null where there is no such base or no such image. */
export async function findOnBase(api: DockerApi, spec: RecipeSpec, cancel: AbortSignal) {
  const baseId = await presentBase(api, spec, cancel);
  const found = baseId === null ? null : await findBuilt(api, { spec, baseId }, cancel);
  return found && { image: found.image, facts: factsOf(spec, found) };
}

/** Answers what is there where it need not be built. */
export async function buildIfMissing(
  api: DockerApi,
  spec: RecipeSpec,
  context: CreateContext,
): Promise<ImageFacts> {
  let hasBase = true;
  if (spec.pull !== 'always') {
    const baseId = await presentBase(api, spec, context.cancel);
    const found = await (baseId === null
      ? findWithoutBase(api, spec, context)
      : findBuilt(api, { spec, baseId }, context.cancel));
    if (found) return factsOf(spec, found);
    hasBase = baseId !== null;
  }
  if (!spec.mayBuild) throw notBuilt(spec, { hasBase });
  return await build(api, { spec, noCache: false }, context);
}

/** What a mirror's base was built into counts as well, so there may be several. */
async function findWithoutBase(
  api: DockerApi,
  spec: RecipeSpec,
  context: CreateContext,
): Promise<BuiltImage | null> {
  const [newest, ...others] = await findByRecipe(api, spec, context.cancel);
  if (newest && others.length > 0) {
    context.warn(
      `the base of profile "${spec.profile}" is not on the engine, and its image was built from ${others.length + 1} others: the newest is taken, ${newest.reference}`,
    );
  }
  return newest ?? null;
}

function notBuilt({ profile }: RecipeSpec, { hasBase }: { hasBase: boolean }): SandboxFailure {
  const Failure = hasBase ? SandboxFailure : MissingBase;
  return new Failure(
    'image-not-found',
    `the image of the profile "${profile}" is not built, and a project may not have its own profile built by itself`,
    {
      hint: `Its setup tasks run as root with a network. Read them (sandbox profile show ${profile}), then: sandbox image build ${profile}`,
    },
  );
}

interface Order {
  readonly spec: RecipeSpec;
  /** Builds what is there as well. */
  readonly noCache: boolean;
}

/** One at a time on this host: whoever comes later uses what the first one built. */
export async function build(
  api: DockerApi,
  { spec, noCache }: Order,
  context: CreateContext,
): Promise<ImageFacts> {
  const baseId = await pulledBase(api, spec, context);
  const reference = builtReference(spec, baseId);
  const find = async () =>
    noCache ? null : await findBuilt(api, { spec, baseId }, context.cancel);
  const before = await find();
  if (before) return factsOf(spec, before);
  const lock = await buildLock(api, reference, {
    cancel: context.cancel,
    onWait: () => context.progress({ kind: 'waiting', reference }),
  });
  try {
    const meanwhile = await find();
    if (meanwhile) return factsOf(spec, meanwhile);
    return await measured(api, { spec, baseId, reference, noCache }, context);
  } catch (error) {
    // Whatever a call that was given up says, it was given up.
    context.cancel.throwIfAborted();
    throw error;
  } finally {
    await lock.release();
  }
}

async function measured(
  api: DockerApi,
  order: Order & { readonly baseId: string; readonly reference: string },
  context: CreateContext,
): Promise<ImageFacts> {
  const { reference, spec } = order;
  const startMs = performance.now();
  const making = { what: 'build', reference, platform: spec.platform } as const;
  context.progress({ kind: 'begin', ...making });
  const before = await inspectImage(api, reference, context.cancel);
  const id = await context.phases.measure('build', () => buildImage(api, order, context));
  if (before && before.Id !== id) await removeReplaced(api, before.Id, context.cancel);
  context.progress({ kind: 'end', ...making });
  const preparedMs = roundMs(performance.now() - startMs);
  return { ...factsOf(spec, { reference, id }), origin: 'built', preparedMs };
}

async function findStandIn(
  api: DockerApi,
  { profile, platform }: RecipeSpec,
  { cancel }: CreateContext,
): Promise<ImageFacts | null> {
  const reference = minimalReference(profile);
  const image = await inspectImage(api, reference, cancel);
  if (!image || !fitsPlatform(image, platform)) return null;
  if (!(await isOurs(api, { reference, image }, cancel))) return null;
  return { ...plainFacts, reference, id: image.Id, recipe: null, minimal: true };
}

const plainFacts = { digest: null, origin: 'present', preparedMs: null, minimal: false } as const;

function factsOf({ recipe }: RecipeSpec, { reference, id }: BuiltImage): ImageFacts {
  return { ...plainFacts, reference, id, recipe: recipeDigest(recipe) };
}
