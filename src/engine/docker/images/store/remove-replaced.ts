import type { DockerApi } from '../../docker-api.ts';
import { isUntagged, labelledImages, removeImage } from './own-images.ts';
import { removeUnnamed } from './remove-images.ts';

/** What has lost its name to a newer build of ours. Where it is in use, pruning finds it later. */
export async function removeReplaced(api: DockerApi, id: string, cancel: AbortSignal) {
  const images = await labelledImages(api, cancel);
  await removeUnnamed(api, { from: id, images, ownBuilds: 1 }, cancel);
}

/** The same for a stand-in, which was made at once: no build has parts of it. */
export async function removeReplacedStandIn(api: DockerApi, id: string, cancel: AbortSignal) {
  const image = (await labelledImages(api, cancel)).find(({ Id }) => Id === id);
  if (image && isUntagged(image)) await removeImage(api, id, cancel);
}
