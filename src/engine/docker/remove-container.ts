import type Docker from 'dockerode';
import { type DockerApi, callLimitsMs } from './docker-api.ts';
import { httpStatusOf } from './engine-failure.ts';

/** Removes a container whatever state it is in; one that is gone already is fine. */
export async function removeContainer(api: DockerApi, container: Docker.Container): Promise<void> {
  try {
    await api.call(callLimitsMs.removal, (abortSignal) =>
      container.remove({ force: true, v: true, abortSignal }),
    );
  } catch (error) {
    // 404: it is gone. 409: it is being removed already.
    if (![404, 409].includes(httpStatusOf(error) ?? 0)) throw error;
  }
}
