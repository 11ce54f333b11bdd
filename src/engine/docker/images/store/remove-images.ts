import { SandboxFailure } from '../../../../failure.ts';
import { type DockerApi, callLimitsMs } from '../../docker-api.ts';
import { buildsUnderWay } from '../build/build-lock.ts';
import {
  type ListedImage,
  labelledImages,
  isPart,
  isUntagged,
  ownNames,
  removeImage,
} from './own-images.ts';
import { inspectImage } from '../pull/pull.ts';

/** An image of ours by a name or by its id, with the parts that only it needs. */
export async function removeOwnImage(
  api: DockerApi,
  reference: string,
  cancel: AbortSignal,
): Promise<void> {
  const found = await inspectImage(api, reference, cancel);
  if (!found) throw noSuchImage(reference);
  const images = await labelledImages(api, cancel);
  const image = images.find(({ Id }) => Id === found.Id);
  const names = image ? await ownNames(api, image, cancel) : [];
  const isById = found.Id.replace('sha256:', '').startsWith(reference.replace('sha256:', ''));
  const asked = isById ? names : names.filter((name) => isSameName(name, reference));
  if (!image || asked.length === 0) throw notOurs(reference);
  const users = await containersIn(api, image.Id, cancel);
  if (users.length > 0) throw inUse(reference, users.join(', '));
  for (const name of asked) {
    if ((await removeImage(api, name, cancel)) === 'needed') {
      throw inUse(reference, 'another image');
    }
  }
  await removeUnnamed(api, { from: image.ParentId, images }, cancel);
}

/**
 * An image that has no name of its own and what it was made of, as long as that is ours and nothing else needs it.
 * The engine would do the same by itself, and take a base of the caller's along that has lost its name. A build of
 * somebody else may be about to use any of it, so while there is one all of it stays, to be pruned later.
 */
export async function removeUnnamed(
  api: DockerApi,
  { from, images, ownBuilds = 0 }: Unnamed,
  cancel: AbortSignal,
): Promise<Removed> {
  const ids: string[] = [];
  let bytes = 0;
  if ((await buildsUnderWay(api, cancel)) > ownBuilds) return { ids, bytes };
  for (let next = from; ;) {
    const image = images.find(({ Id }) => Id === next);
    if (!image || !isUnnamedOfOurs(image, images)) break;
    if ((await removeImage(api, image.Id, cancel)) !== 'removed') break;
    ids.push(image.Id);
    bytes += ownBytes(image, images);
    next = image.ParentId;
  }
  return { ids, bytes };
}

interface Unnamed {
  readonly from: string;
  readonly images: readonly ListedImage[];
  /** How many of the builds under way are the caller's own. */
  readonly ownBuilds?: number;
}

interface Removed {
  readonly ids: readonly string[];
  readonly bytes: number;
}

/** A part, or what a build had just completed. What others build on ours has our labels, but never a part below. */
export function isUnnamedOfOurs(image: ListedImage, images: readonly ListedImage[]): boolean {
  const parent = images.find(({ Id }) => Id === image.ParentId);
  return isUntagged(image) && (isPart(image) || (parent !== undefined && isPart(parent)));
}

/** Without those of what it was made of. */
export function ownBytes({ ParentId, Size }: ListedImage, images: readonly ListedImage[]): number {
  const parent = images.find(({ Id }) => Id === ParentId);
  if (parent) return Math.max(0, Size - parent.Size);
  // The first part adds nothing but labels to a base that is not ours.
  return ParentId === '' ? Size : 0;
}

/** A container that has ended needs its image, too. */
async function containersIn(api: DockerApi, id: string, cancel: AbortSignal): Promise<string[]> {
  const filters = { ancestor: [id] };
  const found = await api.call(
    callLimitsMs.quick,
    (abortSignal) => api.docker.listContainers({ all: true, filters, abortSignal }),
    cancel,
  );
  // What runs in an image that was built on it is another matter.
  return found
    .filter(({ ImageID }) => ImageID === id)
    .map(({ Names, State }) => `the container ${Names[0]?.slice(1) ?? '?'} (${State})`);
}

function isSameName(name: string, asked: string): boolean {
  const short = name.replace(/^localhost\//, '');
  return name === asked || short === asked || short === `${asked}:latest`;
}

function noSuchImage(reference: string): SandboxFailure {
  return new SandboxFailure('image-not-found', `the engine has no image "${reference}"`, {
    hint: 'See what there is: sandbox image ls',
  });
}

function notOurs(reference: string): SandboxFailure {
  return new SandboxFailure(
    'image-not-removed',
    `expected an image that sandbox made, got "${reference}"`,
    { hint: 'See which they are: sandbox image ls. Others are removed with `docker rmi`.' },
  );
}

function inUse(reference: string, by: string): SandboxFailure {
  return new SandboxFailure('image-not-removed', `the image "${reference}" is used by ${by}`, {
    hint: 'Wait for its end or remove that first; what dead runs left goes with the next `sandbox run`.',
  });
}
