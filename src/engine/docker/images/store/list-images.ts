import type { OwnImage } from '../../../engine.ts';
import type { DockerApi } from '../../docker-api.ts';
import { imageLabels, ownReferences } from '../image-labels.ts';
import { type ListedImage, labelledImages } from './own-images.ts';

/** Those that a profile is run in, by each of their names. */
export async function listImages(api: DockerApi, cancel: AbortSignal): Promise<OwnImage[]> {
  const images = await labelledImages(api, cancel);
  return images
    .flatMap((image) => ownReferences(image).map((reference) => ownImage(reference, image)))
    .sort((a, b) => (a.reference < b.reference ? -1 : 1));
}

function ownImage(reference: string, { Id, Labels, Created, Size }: ListedImage): OwnImage {
  return {
    reference,
    id: Id,
    profile: Labels?.[imageLabels.profile] ?? '',
    recipe: Labels?.[imageLabels.recipe] ?? null,
    createdAt: new Date(Created * 1000),
    bytes: Size,
    minimal: Labels?.[imageLabels.minimal] === 'true',
  };
}
