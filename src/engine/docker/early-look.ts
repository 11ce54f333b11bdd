import type { TaskSpec } from '../../spec/task-spec.ts';
import { newestCommon } from './api-version.ts';
import type { DockerApi } from './docker-api.ts';
import { type UsableImage, findImage } from './images/ensure-image.ts';

/**
 * The image of the task that is about to come, looked for while the engine still says what it is, which takes it ten
 * times as long. Null where there is no such task, or none that can be used as it is: then, as after any failure, the
 * making of the task looks for itself and says what is wrong.
 */
export async function lookEarly(
  api: DockerApi,
  upcoming: TaskSpec | undefined,
  cancel: AbortSignal,
): Promise<UsableImage | null> {
  if (upcoming === undefined) return null;
  try {
    const spoken = await api.spokenVersion(cancel);
    if (spoken === null) return null;
    api.useVersion(newestCommon(spoken));
    return await findImage(api, upcoming, cancel);
  } catch {
    return null;
  }
}
