import type Docker from 'dockerode';
import { type DockerApi, callLimitsMs } from '../../docker-api.ts';
import { httpStatusOf } from '../../engine-failure.ts';
import { type Labels, imageLabels } from '../image-labels.ts';

/** An image in the engine's list; where nothing is known, there is null. */
export interface ListedImage {
  readonly Id: string;
  readonly ParentId: string;
  readonly RepoTags?: readonly string[] | null | undefined;
  readonly Labels?: Labels | null | undefined;
  readonly Created: number;
  readonly Size: number;
}

/** Every image with labels of ours, parts as well. Some may be others' that were built on them. */
export async function labelledImages(
  api: DockerApi,
  cancel?: AbortSignal,
): Promise<readonly ListedImage[]> {
  const filters = { label: [imageLabels.profile] };
  // The type declarations do not know what an engine leaves out.
  return await api.call<readonly ListedImage[]>(
    callLimitsMs.removal,
    (abortSignal) => api.docker.listImages({ all: true, filters, abortSignal }),
    cancel,
  );
}

export function isUntagged({ RepoTags }: Pick<ListedImage, 'RepoTags'>): boolean {
  return (RepoTags ?? []).every((tag) => tag === '<none>:<none>');
}

/** Its name, and the image where nothing else needs it; never its parents, which may be somebody else's. */
export async function removeImage(
  api: DockerApi,
  reference: string,
  cancel?: AbortSignal,
): Promise<'removed' | 'unnamed' | 'absent' | 'needed'> {
  try {
    const said = await api.call(
      callLimitsMs.removal,
      async (abortSignal) => {
        const options = { noprune: true, abortSignal };
        const answer: unknown = await api.docker
          .getImage(reference)
          .remove(options as Docker.ImageRemoveOptions);
        return answer as readonly { readonly Deleted?: string }[];
      },
      cancel,
    );
    return said.some(({ Deleted }) => Deleted !== undefined) ? 'removed' : 'unnamed';
  } catch (error) {
    if (httpStatusOf(error) === 404) return 'absent';
    // A container uses it, or another image is built on it.
    if (httpStatusOf(error) === 409) return 'needed';
    throw error;
  }
}
