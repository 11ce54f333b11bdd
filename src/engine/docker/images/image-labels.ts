import { repositoryOf } from '../../../spec/profile/image-repository.ts';
import { ownLabelPrefix } from '../../../spec/task-spec.ts';

/** On the images that we make, and on nothing else: containers have their own. */
export const imageLabels = {
  profile: `${ownLabelPrefix}profile`,
  recipe: `${ownLabelPrefix}recipe`,
  baseId: `${ownLabelPrefix}base-id`,
  platform: `${ownLabelPrefix}platform`,
  minimal: `${ownLabelPrefix}minimal`,
  stage: `${ownLabelPrefix}stage`,
} as const;

/** What a step leaves, and what the last one does: the parts of a build that failed can be told from anybody's. */
export const stages = { part: 'part', complete: 'complete' } as const;

export type Labels = Readonly<Record<string, string>>;

/** The names of an image that are ours: labels alone are inherited by whatever somebody builds on it. */
export function ownReferences(image: {
  readonly RepoTags?: readonly string[] | null | undefined;
  readonly Labels?: Labels | null | undefined;
}): string[] {
  const profile = image.Labels?.[imageLabels.profile];
  if (profile === undefined) return [];
  // Podman puts its own registry before a name that has none.
  const start = `${repositoryOf(profile)}:`;
  return (image.RepoTags ?? []).filter((tag) => tag.replace(/^localhost\//, '').startsWith(start));
}
