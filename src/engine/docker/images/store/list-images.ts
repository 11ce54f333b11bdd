import type { OwnImage } from '../../../engine.ts';
import type { DockerApi } from '../../docker-api.ts';
import { imageLabels } from '../image-labels.ts';
import { type ListedImage, labelledImages, ownNames } from './own-images.ts';

/** Those that a profile is run in, by each of their names. */
export async function listImages(api: DockerApi, cancel: AbortSignal): Promise<OwnImage[]> {
  const images = await labelledImages(api, cancel);
  const rows = images.map(async (image) => {
    const names = await ownNames(api, image, cancel);
    return names.map((reference) => ownImage(reference, image));
  });
  return (await Promise.all(rows)).flat().sort((a, b) => (a.reference < b.reference ? -1 : 1));
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
