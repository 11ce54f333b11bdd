import { setTimeout as delay } from 'node:timers/promises';
import type { DockerApi } from '../../docker-api.ts';
import { httpStatusOf } from '../../engine-failure.ts';
import { removeContainer } from '../../remove-container.ts';
import type { BuildAttempt } from './follow-build.ts';
import {
  type ListedImage,
  allImages,
  isPart,
  isUntagged,
  removeImage,
} from '../store/own-images.ts';

/** The engine may still be busy with the end of the build. */
const patienceMs = 2_000;
const lookAgainMs = 100;

/**
 * Removes what a build made that was given up: its container, and the images that were not there before. What the
 * output of a step said may be a lie, so nothing is touched that does not look like it by itself.
 */
export async function abandonBuild(api: DockerApi, attempt: BuildAttempt): Promise<void> {
  const { container, made } = attempt.transcript;
  if (container !== null && (await isOfBuild(api, container, attempt))) {
    await removeContainer(api, api.docker.getContainer(container));
  }
  const endMs = performance.now() + patienceMs;
  while (made.length > 0 && !(await removeMade(api, attempt)) && performance.now() < endMs) {
    await delay(lookAgainMs);
  }
}

/** Made since the build began, of a part of an image of ours, to run one of the commands of this build. */
async function isOfBuild(
  api: DockerApi,
  id: string,
  { steps, transcript }: BuildAttempt,
): Promise<boolean> {
  try {
    const { Created, Config, Image } = await api.inspectContainer(api.docker.getContainer(id));
    const image = (await allImages(api)).find(({ Id }) => Id === Image);
    const command = `RUN ${JSON.stringify(Config.Cmd)}`;
    const isCommand = steps.some(({ instruction }) => instruction === command);
    const isNew = isSince(transcript.begunAt, Date.parse(Created));
    return isNew && isCommand && image !== undefined && isUntagged(image) && isPart(image);
  } catch (error) {
    if (httpStatusOf(error) === 404) return false;
    throw error;
  }
}

/** The newest first, and what a base had done before the first step of ours; false where one is still needed. */
async function removeMade(api: DockerApi, { build, transcript }: BuildAttempt): Promise<boolean> {
  const images = await allImages(api);
  const baseId = build.baseId;
  const isMade = (image: ListedImage) =>
    isUntagged(image) &&
    isSince(transcript.begunAt, image.Created * 1000) &&
    descends(image, { from: baseId, images });
  for (const id of transcript.made.toReversed()) {
    let image = images.find(({ Id }) => Id.replace('sha256:', '').startsWith(id));
    while (image && isMade(image)) {
      if ((await removeImage(api, image.Id)) === 'needed') return false;
      const { ParentId }: ListedImage = image;
      image = images.find(({ Id }) => Id === ParentId);
    }
  }
  return true;
}

function isSince(begunAt: Date | null, ms: number): boolean {
  return begunAt !== null && ms >= begunAt.getTime();
}

function descends(
  image: ListedImage,
  { from, images }: { from: string; images: readonly ListedImage[] },
): boolean {
  let next: ListedImage | undefined = image;
  while (next && next.ParentId !== from) {
    const { ParentId }: ListedImage = next;
    next = images.find(({ Id }) => Id === ParentId);
  }
  return next !== undefined;
}
