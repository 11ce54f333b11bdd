import type Docker from 'dockerode';
import { messageOf } from '../../failure.ts';
import type { DockerApi } from './docker-api.ts';
import type { EngineContainer } from './engine-calls.ts';
import { httpStatusOf } from './engine-failure.ts';
import { labels } from './labels.ts';
import { removeContainer } from './remove-container.ts';

const all = new WeakMap<DockerApi, Leftovers>();

/** Those on one engine. */
export function leftoversOf(api: DockerApi): Leftovers {
  const found = all.get(api) ?? new Leftovers(api);
  all.set(api, found);
  return found;
}

/** Removes what was made; what cannot be removed now is remembered, and the failure passed on. */
export async function removeOrRemember(
  api: DockerApi,
  { container, made }: { readonly container: EngineContainer; readonly made: Made },
): Promise<void> {
  try {
    await removeContainer(api, container);
  } catch (error) {
    leftoversOf(api).remember(made);
    throw error;
  }
}

type Made = Pick<Docker.ContainerCreateOptions, 'name' | 'Labels'>;

/** Containers of this process that could not be removed when their task was over, such as while the engine was away. */
class Leftovers {
  readonly #api: DockerApi;
  /** By the label that no other container has: a name may be another one's by now. */
  readonly #byAttempt = new Map<string, Made>();

  constructor(api: DockerApi) {
    this.#api = api;
  }

  /** Whether it was made is not always known. */
  remember(made: Made): void {
    const attempt = made.Labels?.[labels.attempt];
    if (attempt !== undefined) this.#byAttempt.set(attempt, made);
  }

  /** Before another container takes the name; rejects where the engine still does not remove it. */
  async removeNamed(name: string): Promise<void> {
    const found = [...this.#byAttempt.values()].filter((made) => made.name === name);
    for (const made of found) await this.#remove(made);
  }

  /** Answers what is still there, and why. */
  async removeAll(): Promise<string[]> {
    const tried = [...this.#byAttempt.values()].map(async (made) => {
      try {
        await this.#remove(made);
        return [];
      } catch (error) {
        return [`${made.name ?? '?'}: ${messageOf(error)}`];
      }
    });
    return (await Promise.all(tried)).flat();
  }

  async #remove(made: Made): Promise<void> {
    const container = this.#api.docker.getContainer(made.name ?? '');
    const attempt = made.Labels?.[labels.attempt] ?? '';
    const found = await this.#inspect(container);
    // By its id: between the look and the removal the name may become another one's.
    if (found?.Config.Labels[labels.attempt] === attempt) {
      await removeContainer(this.#api, this.#api.docker.getContainer(found.Id));
    }
    this.#byAttempt.delete(attempt);
  }

  async #inspect(container: EngineContainer): Promise<Docker.ContainerInspectInfo | null> {
    try {
      return await this.#api.inspectContainer(container);
    } catch (error) {
      if (httpStatusOf(error) === 404) return null;
      throw error;
    }
  }
}
