import type Docker from 'dockerode';
import type { Housekeeping, Leftover } from '../engine.ts';
import { type DockerApi, callLimitsMs } from './docker-api.ts';
import { httpStatusOf } from './engine-failure.ts';
import { deadlineMsOf } from './labels.ts';
import { removeContainer } from './remove-container.ts';
import { type StaleNetwork, staleNetworks } from './stale-networks.ts';
import { abandonedContainers } from './sweep.ts';

/** Containers of tasks, and networks that no task will be given. */
export class DockerHousekeeping implements Housekeeping {
  readonly #api: DockerApi;

  constructor(api: DockerApi) {
    this.#api = api;
  }

  async leftovers(cancel: AbortSignal): Promise<readonly Leftover[]> {
    const [containers, networks] = await Promise.all([
      abandonedContainers(this.#api, cancel),
      staleNetworks(this.#api, cancel),
    ]);
    return [
      ...containers.map((container) => this.#containerLeftover(container)),
      ...networks.map((stale) => this.#networkLeftover(stale)),
    ];
  }

  #containerLeftover({ Id, Names, Labels }: Docker.ContainerInfo): Leftover {
    const deadlineMs = deadlineMsOf(Labels);
    const isLate = deadlineMs !== null && deadlineMs < Date.now();
    return {
      kind: 'container',
      name: (Names[0] ?? Id).replace(/^\//, ''),
      reason: isLate ? 'it is past its deadline' : 'its sandbox is dead',
      // By its id: one of the same name is another one.
      remove: () => removeContainer(this.#api, this.#api.docker.getContainer(Id)),
    };
  }

  #networkLeftover({ network: { Name, Id }, reason }: StaleNetwork): Leftover {
    const remove = async () => {
      try {
        await this.#api.call(callLimitsMs.quick, (abortSignal) =>
          this.#api.docker.removeNetwork(Id, { abortSignal }),
        );
      } catch (error) {
        if (httpStatusOf(error) !== 404) throw error;
      }
    };
    return { kind: 'network', name: `${Name} (${Id.slice(0, 12)})`, reason, remove };
  }
}
