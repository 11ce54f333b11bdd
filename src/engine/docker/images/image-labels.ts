import { ownLabelPrefix } from '../../../spec/task-spec.ts';

/** On the images that we make, and on nothing else: containers have their own. */
export const imageLabels = {
  profile: `${ownLabelPrefix}profile`,
  recipe: `${ownLabelPrefix}recipe`,
  base: `${ownLabelPrefix}base`,
  baseId: `${ownLabelPrefix}base-id`,
  platform: `${ownLabelPrefix}platform`,
  minimal: `${ownLabelPrefix}minimal`,
  stage: `${ownLabelPrefix}stage`,
} as const;

/** What a step leaves, and what the last one does: the parts of a build that failed can be told from anybody's. */
export const stages = { part: 'part', complete: 'complete' } as const;

export type Labels = Readonly<Record<string, string>>;
