import { createHash } from 'node:crypto';
import { profileOfRepository } from '../../../../spec/profile/image-repository.ts';
import { recipeDigest } from '../../../../spec/profile/recipe.ts';
import { type Labels, imageLabels, stages } from '../image-labels.ts';
import type { RecipeSpec } from './recipe-spec.ts';

/** The name of what a recipe makes of a base: the same for the same content, another one for any other. */
export function builtReference(
  { image, recipe, platform }: Pick<RecipeSpec, 'image' | 'recipe' | 'platform'>,
  baseId: string,
): string {
  const content = [recipeDigest(recipe), baseId, ...(platform === null ? [] : [platform])];
  const digest = createHash('sha256').update(content.join('\n')).digest('hex');
  return `${image}:${digest.slice(0, 16)}`;
}

/** What is written on it once it is complete. */
export function builtLabels(
  { image, recipe, platform }: Pick<RecipeSpec, 'image' | 'recipe' | 'platform'>,
  baseId: string,
): Labels {
  return {
    [imageLabels.stage]: stages.complete,
    [imageLabels.profile]: profileOfRepository(image),
    [imageLabels.recipe]: recipeDigest(recipe),
    [imageLabels.baseId]: baseId,
    [imageLabels.platform]: platform ?? '',
    [imageLabels.minimal]: 'false',
  };
}
