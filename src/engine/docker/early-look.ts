import type { TaskSpec } from '../../spec/task-spec.ts';
import { newestCommon } from './api-version.ts';
import type { DockerApi } from './docker-api.ts';
import { type UsableImage, findImage } from './images/ensure-image.ts';

/**
 * The image of the task that is about to come, looked for while the engine still says what it is, which takes it ten
 * times as long. Null where there is no such task, or no image that can be used as it is: then the making of the task
 * goes on from there.
 */
export async function lookEarly(
  api: DockerApi,
  upcoming: TaskSpec | undefined,
  cancel: AbortSignal,
): Promise<UsableImage | null> {
  if (upcoming === undefined) return null;
  // Where it does not answer, what it says of itself will not come either, and that is told.
  const spoken = await api.spokenVersion(cancel).catch(() => null);
  if (spoken === null) return null;
  api.useVersion(newestCommon(spoken));
  return await findImage(api, upcoming, cancel);
}
