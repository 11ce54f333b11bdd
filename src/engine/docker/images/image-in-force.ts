import type Docker from 'dockerode';
import { SandboxFailure } from '../../../failure.ts';
import { httpStatusOf } from '../engine-failure.ts';
import type { UsableImage } from './ensure-image.ts';

/** Between the look at an image and the making of a container its name was given to another one. */
class ImageMoved extends SandboxFailure {
  constructor(reference: string) {
    super('start-failed', `the image "${reference}" became another one while the task was made`, {
      hint: 'Run it again.',
    });
  }
}

/**
 * Rejects where the container was made of another image than the one that was found. An engine may call the image of
 * a container by another digest than the image itself, so it is asked which one that is.
 */
export async function checkImageInForce(
  { facts: { id, reference } }: UsableImage,
  { Image = '' }: Partial<Docker.ContainerInspectInfo>,
  inspect: (digest: string) => Promise<Docker.ImageInspectInfo | null>,
): Promise<void> {
  if (bare(Image) === bare(id)) return;
  const made = await inspect(Image);
  if (made === null || bare(made.Id) !== bare(id)) throw new ImageMoved(reference);
}

/** Whether another try can go well, with an image that is looked for anew. */
export function isOutdated(error: unknown): boolean {
  if (!(error instanceof SandboxFailure) || error.code !== 'start-failed') return false;
  return error instanceof ImageMoved || httpStatusOf(error) === 404;
}

function bare(digest: string): string {
  return digest.replace(/^sha256:/, '');
}
