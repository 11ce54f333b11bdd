import { setTimeout as delay } from 'node:timers/promises';
import type { DockerApi } from '../../docker-api.ts';
import { removeContainer } from '../../remove-container.ts';
import type { BuildTranscript } from './build-transcript.ts';
import { isUntagged, labelledImages, removeImage } from '../store/own-images.ts';

/** The engine may still be busy with the end of the build. */
const patienceMs = 2_000;
const lookAgainMs = 100;

/** Removes what a build made that was given up: its container, and the images that were not there before. */
export async function abandonBuild(api: DockerApi, transcript: BuildTranscript): Promise<void> {
  if (transcript.container !== null) {
    await removeContainer(api, api.docker.getContainer(transcript.container));
  }
  const endMs = performance.now() + patienceMs;
  while (!(await removeMade(api, transcript.made)) && performance.now() < endMs) {
    await delay(lookAgainMs);
  }
}

/**
 * The newest first; false where one is still needed. What the output of a step said may be a lie, so nothing but what
 * has our labels and no name is touched.
 */
async function removeMade(api: DockerApi, made: readonly string[]): Promise<boolean> {
  if (made.length === 0) return true;
  const images = (await labelledImages(api)).filter(isUntagged);
  for (const id of made.toReversed()) {
    const image = images.find(({ Id }) => Id.replace('sha256:', '').startsWith(id));
    if (image && (await removeImage(api, image.Id)) === 'needed') return false;
  }
  return true;
}
