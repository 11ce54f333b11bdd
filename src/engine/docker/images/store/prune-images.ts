import type { TaskSpec } from '../../../../spec/task-spec.ts';
import type { DockerApi } from '../../docker-api.ts';
import { findByRecipe } from './find-built.ts';
import { builtReference, minimalReference } from '../build/built-reference.ts';
import { leavesOf, lostStandIns } from './leftovers.ts';
import { labelledImages, ownNames, removeImage } from './own-images.ts';
import { presentBase } from '../build/recipe-base.ts';
import { ownBytes, removeUnnamed } from './remove-images.ts';

export interface Pruned {
  readonly removed: readonly string[];
  readonly bytes: number;
}

/** What is in use stays, and so does whatever cannot be told for certain to be ours. */
export async function pruneImages(
  api: DockerApi,
  wanted: readonly TaskSpec[],
  cancel: AbortSignal,
): Promise<Pruned> {
  const kept = new Set(
    (await Promise.all(wanted.map((spec) => leadsTo(api, spec, cancel)))).flat(),
  );
  const images = await labelledImages(api, cancel);
  const removed: string[] = [];
  let bytes = 0;
  for (const image of images) {
    const names = await ownNames(api, image, cancel);
    for (const name of names.filter((reference) => !kept.has(reference))) {
      const done = await removeImage(api, name, cancel);
      if (done === 'removed' || done === 'unnamed') removed.push(name);
      if (done !== 'removed') continue;
      const below = await removeUnnamed(api, { from: image.ParentId, images }, cancel);
      bytes += ownBytes(image, images) + below.bytes;
    }
  }
  const unnamed = await pruneUnnamed(api, cancel);
  return { removed: [...removed, ...unnamed.removed], bytes: bytes + unnamed.bytes };
}

/** The names that a task of this kind could run in. */
async function leadsTo(api: DockerApi, spec: TaskSpec, cancel: AbortSignal): Promise<string[]> {
  const { recipe, profile } = spec;
  if (recipe === null) return [];
  const own = { ...spec, recipe };
  const baseId = await presentBase(api, own, cancel);
  const built =
    baseId === null
      ? (await findByRecipe(api, own, cancel))[0]?.reference
      : builtReference(own, baseId);
  return [minimalReference(profile), ...(built === undefined ? [] : [built])];
}

/** What failed builds left, and stand-ins that were replaced. */
async function pruneUnnamed(api: DockerApi, cancel: AbortSignal): Promise<Pruned> {
  const images = await labelledImages(api, cancel);
  const removed: string[] = [];
  let bytes = 0;
  for (const leaf of leavesOf(images)) {
    const found = await removeUnnamed(api, { from: leaf.Id, images }, cancel);
    removed.push(...found.ids);
    bytes += found.bytes;
  }
  for (const { Id, Size } of await lostStandIns(api, images, cancel)) {
    if ((await removeImage(api, Id, cancel)) !== 'removed') continue;
    removed.push(Id);
    bytes += Size;
  }
  return { removed, bytes };
}
