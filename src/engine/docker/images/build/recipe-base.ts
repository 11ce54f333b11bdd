import { SandboxFailure } from '../../../../failure.ts';
import type { CreateContext } from '../../../engine.ts';
import type { DockerApi } from '../../docker-api.ts';
import { fitsPlatform } from '../pull/pull-platform.ts';
import { ensurePresent, inspectImage } from '../pull/pull.ts';
import type { RecipeSpec } from './recipe-spec.ts';

/** A base that can neither be found nor pulled. */
export class MissingBase extends SandboxFailure {}

/** Null where it is not on the engine, or for another platform than was asked for. */
export async function presentBase(
  api: DockerApi,
  { recipe, platform }: RecipeSpec,
  cancel: AbortSignal,
): Promise<string | null> {
  const image = await inspectImage(api, recipe.base, cancel);
  return image && fitsPlatform(image, platform) ? image.Id : null;
}

export async function pulledBase(
  api: DockerApi,
  spec: RecipeSpec,
  context: CreateContext,
): Promise<string> {
  const wanted = { ...spec, reference: spec.recipe.base };
  try {
    return (await ensurePresent(api, wanted, context)).id;
  } catch (error) {
    context.cancel.throwIfAborted();
    if (!(error instanceof SandboxFailure) || !error.code.startsWith('image-')) throw error;
    const message = `the image of profile "${spec.profile}" is not built, and its base is not there: ${error.message}`;
    throw new MissingBase(error.code, message, { hint: hintAfter(error, spec), cause: error });
  }
}

/** What else there is to do than to get the base. */
function hintAfter({ hint }: SandboxFailure, { profile }: RecipeSpec): string {
  const standIn = `sandbox image build --minimal ${profile}`;
  if (hint?.includes('--minimal')) return hint.replace('sandbox image build --minimal', standIn);
  return `${hint ?? ''} A stand-in with a shell and core tools: ${standIn}`.trimStart();
}
