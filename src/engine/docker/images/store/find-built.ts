import type { DockerApi } from '../../docker-api.ts';
import { builtLabels, builtReference } from '../build/built-reference.ts';
import { imageLabels, ownReferences } from '../image-labels.ts';
import { labelledImages } from './own-images.ts';
import { inspectImage } from '../pull/pull.ts';
import type { RecipeSpec } from '../build/recipe-spec.ts';

export interface BuiltImage {
  readonly reference: string;
  readonly id: string;
}

/** What was made of this very base; null where it was not, or where its name was given to something else. */
export async function findBuilt(
  api: DockerApi,
  { spec, baseId }: { spec: RecipeSpec; baseId: string },
  cancel: AbortSignal,
): Promise<BuiltImage | null> {
  const reference = builtReference(spec, baseId);
  const image = await inspectImage(api, reference, cancel);
  const labels = image?.Config.Labels as Record<string, string> | null | undefined;
  const recipe = builtLabels(spec, baseId)[imageLabels.recipe];
  return image && labels?.[imageLabels.recipe] === recipe ? { reference, id: image.Id } : null;
}

/** Where the base is not on the engine, the newest that the recipe made of any base of that name. */
export async function findByRecipe(
  api: DockerApi,
  spec: RecipeSpec,
  cancel: AbortSignal,
): Promise<BuiltImage | null> {
  const wanted = builtLabels(spec, '');
  const { profile, recipe, platform } = imageLabels;
  const found = (await labelledImages(api, cancel))
    .filter(({ Labels }) =>
      [profile, recipe, platform].every((name) => Labels?.[name] === wanted[name]),
    )
    .flatMap((image) => ownReferences(image).map((reference) => ({ reference, image })))
    .sort((a, b) => b.image.Created - a.image.Created)[0];
  return found ? { reference: found.reference, id: found.image.Id } : null;
}
