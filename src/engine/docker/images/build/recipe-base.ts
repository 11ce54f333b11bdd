import { SandboxFailure } from '../../../../failure.ts';
import type { CreateContext } from '../../../engine.ts';
import type { DockerApi } from '../../docker-api.ts';
import { fitsPlatform } from '../pull/pull-platform.ts';
import { ensurePresent, inspectImage } from '../pull/pull.ts';
import { type RecipeSpec, baseOf } from './recipe-spec.ts';

/** No image, and no base on the engine to build it on. */
export class MissingBase extends SandboxFailure {}

/** Null where it is not on the engine, or for another platform than was asked for. */
export async function presentBase(
  api: DockerApi,
  spec: RecipeSpec,
  cancel: AbortSignal,
): Promise<string | null> {
  const image = await inspectImage(api, baseOf(spec), cancel);
  return image && fitsPlatform(image, spec.platform) ? image.Id : null;
}

export async function pulledBase(
  api: DockerApi,
  spec: RecipeSpec,
  context: CreateContext,
): Promise<string> {
  const wanted = { ...spec, reference: baseOf(spec), isBase: true };
  try {
    return (await ensurePresent(api, wanted, context)).id;
  } catch (error) {
    context.cancel.throwIfAborted();
    if (!(error instanceof SandboxFailure) || !error.code.startsWith('image-')) throw error;
    throw spec.pull === 'always' ? notRefreshed(spec, error) : missingBase(spec, error);
  }
}

/** Whatever is there: who asks for the newest does not want another one. */
function notRefreshed({ profile }: RecipeSpec, cause: SandboxFailure): SandboxFailure {
  const message = `the base of profile "${profile}" could not be refreshed: ${cause.message}`;
  const hint = `${cause.hint ?? ''} To take what is there: --pull missing`.trimStart();
  return new SandboxFailure(cause.code, message, { hint, cause });
}

function missingBase({ profile, platform }: RecipeSpec, cause: SandboxFailure): MissingBase {
  const place = platform === null ? '' : ` for ${platform}`;
  const message = `the image of profile "${profile}" cannot be built, its base is not there${place}: ${cause.message}`;
  // It is for the engine's own platform, which need not be the one that was asked for.
  const standIn =
    platform === null
      ? ` A stand-in with a shell and core tools: sandbox image build --minimal ${profile}`
      : '';
  const hint = `${cause.hint ?? ''}${standIn}`.trimStart();
  return new MissingBase(cause.code, message, { hint, cause });
}
