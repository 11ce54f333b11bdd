import * as v from 'valibot';
import { type DockerApi, callLimitsMs } from '../../docker-api.ts';
import { httpStatusOf } from '../../engine-failure.ts';
import { ownReferences } from '../build/built-reference.ts';
import { type Labels, imageLabels, stages } from '../image-labels.ts';

/** An image in the engine's list; where nothing is known, there is null. */
export interface ListedImage {
  readonly Id: string;
  readonly ParentId: string;
  readonly RepoTags?: readonly string[] | null | undefined;
  readonly Labels?: Labels | null | undefined;
  readonly Created: number;
  readonly Size: number;
}

/** Every image of the engine, whoever made it, and those that have no name. */
export async function allImages(
  api: DockerApi,
  cancel?: AbortSignal,
): Promise<readonly ListedImage[]> {
  return await listed(api, {}, cancel);
}

/** Those with labels of ours, parts as well. Some may be others' that were built on them. */
export async function labelledImages(
  api: DockerApi,
  cancel?: AbortSignal,
): Promise<readonly ListedImage[]> {
  return await listed(api, { label: [imageLabels.profile] }, cancel);
}

async function listed(
  api: DockerApi,
  filters: Readonly<Record<string, string[]>>,
  cancel?: AbortSignal,
): Promise<readonly ListedImage[]> {
  // The type declarations do not know what an engine leaves out.
  return await api.call<readonly ListedImage[]>(
    callLimitsMs.removal,
    (abortSignal) => api.docker.listImages({ all: true, filters, abortSignal }),
    cancel,
  );
}

/** The names that we gave to it and that it still deserves; a name and labels alone may be anybody's. */
export async function ownNames(
  api: DockerApi,
  image: ListedImage,
  cancel: AbortSignal,
): Promise<string[]> {
  const names = ownReferences(image);
  return names.length > 0 && (await isAsWeMadeIt(api, image, cancel)) ? names : [];
}

/**
 * Labels are inherited by whatever somebody builds on an image of ours; that it is the last thing that was done to it
 * is not. The history goes along where an image is saved and loaded, unlike its parents.
 */
export async function isAsWeMadeIt(
  api: DockerApi,
  { Id, Labels }: Pick<ListedImage, 'Id' | 'Labels'>,
  cancel: AbortSignal,
): Promise<boolean> {
  if (asWeMadeThem.has(Id)) return true;
  const isOurs = isLastOfOurs(await historyOf(api, Id, cancel), Labels);
  if (isOurs) asWeMadeThem.add(Id);
  return isOurs;
}

/** Ids of images, which are digests of all that is in them: for a batch the engine need not tell it a thousand times. */
const asWeMadeThem = new Set<string>();

function isLastOfOurs(steps: readonly Step[], Labels: ListedImage['Labels']): boolean {
  // An import is the one step of what it makes.
  if (Labels?.[imageLabels.minimal] === 'true') return steps.length === 1;
  const last = steps[0]?.CreatedBy.replaceAll('"', '') ?? '';
  const told = [imageLabels.stage, imageLabels.recipe, imageLabels.baseId];
  return (
    /^(\/bin\/sh -c #\(nop\) +)?LABEL /.test(last) &&
    told.every((name) => last.includes(`${name}=${Labels?.[name] ?? ''}`))
  );
}

/** The last step first; none where the image was removed meanwhile. */
async function historyOf(api: DockerApi, id: string, cancel: AbortSignal): Promise<Step[]> {
  try {
    return v.parse(historySchema, await api.get(`/images/${id}/history`, cancel));
  } catch (error) {
    if (httpStatusOf(error) === 404) return [];
    throw error;
  }
}

const stepSchema = v.object({ CreatedBy: v.string() });
const historySchema = v.array(stepSchema);
type Step = v.InferOutput<typeof stepSchema>;

/** What a step of a build of ours has left. */
export function isPart({ Labels }: Pick<ListedImage, 'Labels'>): boolean {
  return Labels?.[imageLabels.stage] === stages.part;
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
        const answer = await api.docker.getImage(reference).remove(options);
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
