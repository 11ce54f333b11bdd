import type Docker from 'dockerode';
import { baseArg } from '../../../../spec/profile/build-arg.ts';
import type { DockerApi } from '../../docker-api.ts';
import { builtLabels, builtReference, ownReferences } from '../build/built-reference.ts';
import { type Labels, imageLabels } from '../image-labels.ts';
import { isAsWeMadeIt, labelledImages, ownNames } from './own-images.ts';
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
): Promise<(BuiltImage & { readonly image: Docker.ImageInspectInfo }) | null> {
  const reference = builtReference(spec, baseId);
  const image = await inspectImage(api, reference, cancel);
  return image && (await isOurs(api, { reference, image }, cancel))
    ? { reference, id: image.Id, image }
    : null;
}

/** Whether we gave it this name, and it is still what we made. */
export async function isOurs(
  api: DockerApi,
  { reference, image }: { reference: string; image: Docker.ImageInspectInfo },
  cancel: AbortSignal,
): Promise<boolean> {
  const Labels = image.Config.Labels as Labels | null | undefined;
  const isNamed = ownReferences({ RepoTags: [reference], Labels }).length > 0;
  return isNamed && (await isAsWeMadeIt(api, { Id: image.Id, Labels }, cancel));
}

/** Where the base is not on the engine: what the recipe made of any, or of the one that was named, the newest first. */
export async function findByRecipe(
  api: DockerApi,
  spec: RecipeSpec,
  cancel: AbortSignal,
): Promise<readonly BuiltImage[]> {
  const wanted = builtLabels(spec, '');
  const { profile, recipe, platform, base } = imageLabels;
  const same = [profile, recipe, platform, ...(baseArg in spec.buildArgs ? [base] : [])];
  const images = (await labelledImages(api, cancel))
    .filter(({ Labels }) => same.every((name) => Labels?.[name] === wanted[name]))
    .sort((a, b) => b.Created - a.Created);
  const found = images.map(async (image) => {
    const names = await ownNames(api, image, cancel);
    return names.map((reference) => ({ reference, id: image.Id }));
  });
  return (await Promise.all(found)).flat();
}
