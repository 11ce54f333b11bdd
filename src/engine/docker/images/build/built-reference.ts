import { profileOfRepository, repositoryOf } from '../../../../spec/profile/image-repository.ts';
import { recipeDigest } from '../../../../spec/profile/recipe.ts';
import { type Labels, imageLabels, stages } from '../image-labels.ts';
import { type RecipeSpec, baseOf } from './recipe-spec.ts';
import { sha256 } from '../../../../spec/sha256.ts';

type Built = Pick<RecipeSpec, 'image' | 'recipe' | 'platform' | 'buildArgs'>;

/** The name of what a recipe makes of a base: the same for the same content, another one for any other. */
export function builtReference(spec: Built, baseId: string): string {
  return referenceIn(builtLabels(spec, baseId));
}

/** The name of the small image that stands in for a profile's. */
export function minimalReference(profile: string): string {
  return `${repositoryOf(profile)}:minimal`;
}

/** Those of an image's names that its labels call for. */
export function ownReferences({
  RepoTags,
  Labels,
}: {
  readonly RepoTags?: readonly string[] | null | undefined;
  readonly Labels?: Labels | null | undefined;
}): string[] {
  const profile = Labels?.[imageLabels.profile];
  if (!Labels || profile === undefined) return [];
  const isMinimal = Labels[imageLabels.minimal] === 'true';
  const own = isMinimal ? minimalReference(profile) : referenceIn(Labels);
  // Podman puts its own registry before a name that has none.
  return (RepoTags ?? []).filter((tag) => tag.replace(/^localhost\//, '') === own);
}

function referenceIn(labels: Labels): string {
  const { recipe, baseId, platform, profile } = imageLabels;
  const content = [recipe, baseId, platform].map((name) => labels[name] ?? '');
  if (content[2] === '') content.pop();
  const digest = sha256().update(content.join('\n')).digest('hex');
  return `${repositoryOf(labels[profile] ?? '')}:${digest.slice(0, 16)}`;
}

/** What is written on it once it is complete. */
export function builtLabels(spec: Built, baseId: string): Labels {
  const { image, recipe, platform } = spec;
  return {
    [imageLabels.stage]: stages.complete,
    [imageLabels.profile]: profileOfRepository(image),
    [imageLabels.recipe]: recipeDigest(recipe),
    [imageLabels.base]: baseOf(spec),
    [imageLabels.baseId]: baseId,
    [imageLabels.platform]: platform ?? '',
    [imageLabels.minimal]: 'false',
  };
}
