import type { DockerApi } from '../../docker-api.ts';
import { buildsUnderWay } from '../build/build-lock.ts';
import { imageLabels } from '../image-labels.ts';
import { inspectImage } from '../pull/pull.ts';
import { type ListedImage, isUntagged, labelledImages } from './own-images.ts';
import { isUnnamedOfOurs, ownBytes } from './remove-images.ts';

/** What failed builds left, from the last step of each to the first; nothing while one is under way, whose it may be. */
export async function countLeftovers(
  api: DockerApi,
  cancel: AbortSignal,
): Promise<{ readonly count: number; readonly bytes: number }> {
  if ((await buildsUnderWay(api, cancel)) > 0) return { count: 0, bytes: 0 };
  const images = await labelledImages(api, cancel);
  const left = new Set(leavesOf(images).flatMap((leaf) => unnamedFrom(leaf, images)));
  const bytes = [...left].reduce((sum, image) => sum + ownBytes(image, images), 0);
  return { count: left.size, bytes };
}

/** Without a name, and nothing was built on them. */
export function leavesOf(images: readonly ListedImage[]): ListedImage[] {
  const parents = new Set(images.map(({ ParentId }) => ParentId));
  return images.filter((image) => isUnnamedOfOurs(image, images) && !parents.has(image.Id));
}

function unnamedFrom(leaf: ListedImage, images: readonly ListedImage[]): ListedImage[] {
  const parent = images.find(({ Id }) => Id === leaf.ParentId);
  const isAlone = images.every((image) => image === leaf || image.ParentId !== parent?.Id);
  const isLeft = parent && isAlone && isUnnamedOfOurs(parent, images);
  return [leaf, ...(isLeft ? unnamedFrom(parent, images) : [])];
}

/**
 * Stand-ins that lost their name while a task ran in them. What somebody builds on one has its labels, too, but was
 * not imported.
 */
export async function lostStandIns(
  api: DockerApi,
  images: readonly ListedImage[],
  cancel: AbortSignal,
): Promise<ListedImage[]> {
  const candidates = images.filter(
    (image) => isUntagged(image) && image.Labels?.[imageLabels.minimal] === 'true',
  );
  const found = await Promise.all(
    candidates.map(async (image) => {
      const inspected = await inspectImage(api, image.Id, cancel);
      return inspected?.Parent === '' && inspected.Comment.startsWith('Imported from');
    }),
  );
  return candidates.filter((_, index) => found[index]);
}
