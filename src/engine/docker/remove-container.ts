import type { EngineContainer } from './engine-calls.ts';
import { type DockerApi, callLimitsMs } from './docker-api.ts';
import { httpStatusOf } from './engine-failure.ts';

/** Removes a container whatever state it is in; resolves once it is gone, whoever removed it. */
export async function removeContainer(api: DockerApi, container: EngineContainer): Promise<void> {
  try {
    await api.call(callLimitsMs.removal, (abortSignal) =>
      container.remove({ force: true, v: true, abortSignal }),
    );
  } catch (error) {
    // It is being removed already.
    if (httpStatusOf(error) === 409) await waitUntilRemoved(api, container);
    else if (httpStatusOf(error) !== 404) throw error;
  }
}

export async function waitUntilRemoved(api: DockerApi, container: EngineContainer): Promise<void> {
  try {
    await api.call(callLimitsMs.quick, (abortSignal) =>
      container.wait({ condition: 'removed', abortSignal }),
    );
  } catch (error) {
    if (httpStatusOf(error) !== 404) throw error;
  }
}
