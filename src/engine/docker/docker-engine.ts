import type Docker from 'dockerode';
import { type TaskSpec } from '../../spec/task-spec.ts';
import type { CreateContext, Engine, EngineFacts, Sandbox, SandboxFacts } from '../engine.ts';
import { within } from '../timer.ts';
import { lookBefore } from './command-before.ts';
import { ContainerEvents } from './container-events.ts';
import { containerOptions } from './container-options.ts';
import { createContainer } from './create-container.ts';
import { enforcedLimits, notEnforced } from './container-outcome.ts';
import type { DockerApi } from './docker-api.ts';
import { DockerSandbox } from './docker-sandbox.ts';
import { removeContainer } from './remove-container.ts';
import { type UsableImage, ensureImage } from './image.ts';
import { taskLabels } from './labels.ts';
import { type UsableNetwork, ensureNetwork } from './network.ts';
import { sweep } from './sweep.ts';
import { taskUser } from './user.ts';

interface Ingredients {
  readonly options: Docker.ContainerCreateOptions;
  readonly image: UsableImage;
  readonly network: UsableNetwork;
}

const sweepLimitMs = 1_000;

export class DockerEngine implements Engine {
  readonly facts: EngineFacts;
  readonly #api: DockerApi;
  readonly #sweeping: Promise<unknown>;

  constructor(api: DockerApi, facts: EngineFacts) {
    this.#api = api;
    this.facts = facts;
    // Beside the run, and never its business: what it cannot remove now, the next one can.
    this.#sweeping = sweep(api).catch(() => undefined);
  }

  async create(spec: TaskSpec, context: CreateContext): Promise<Sandbox> {
    const { phases } = context;
    const apiVersion = this.facts.apiVersion ?? '';
    const [image, network] = await allSettledOrThrow([
      phases.measure('image', () => ensureImage(this.#api, spec, context)),
      phases.measure('network', () =>
        ensureNetwork(this.#api, spec.network, { apiVersion, cancel: context.cancel }),
      ),
    ]);
    context.cancel.throwIfAborted();
    const options = containerOptions(spec, {
      user: taskUser(spec, this.facts.rootless),
      networkMode: network.mode,
      imageEntrypoint: image.entrypoint,
      labels: taskLabels(spec, Date.now()),
    });
    return await phases.measure('create', () => this.#make(spec, { options, image, network }));
  }

  /** A sweep that is under way is given a moment to end, so that its connections are not cut. */
  async close(): Promise<void> {
    await within(sweepLimitMs, this.#sweeping, undefined);
  }

  async #make(spec: TaskSpec, ingredients: Ingredients): Promise<Sandbox> {
    const container = await createContainer(this.#api, spec, ingredients.options);
    try {
      return await this.#connect(spec, container, ingredients);
    } catch (error) {
      // The reason is what counts; what cannot be removed now is removed by the next run.
      await removeContainer(this.#api, container).catch(() => undefined);
      throw error;
    }
  }

  /** Attached, waiting and listening before it starts: what begins later loses the race with a short task. */
  async #connect(spec: TaskSpec, container: Docker.Container, ingredients: Ingredients) {
    const api = this.#api;
    const direction = `stdin=${Number(spec.stdin)}&stdout=1&stderr=1&stream=1`;
    const [attached, waiting, events, inspected, commandBefore] = await allSettledOrThrow([
      api.upgrade(`/containers/${container.id}/attach?${direction}`),
      api.stream('POST', `/containers/${container.id}/wait?condition=next-exit`),
      ContainerEvents.subscribe(api, container.id),
      api.inspectContainer(container),
      lookBefore(spec),
    ]);
    const facts = sandboxFacts(spec, { inspected, ...ingredients });
    const path = pathOf([...ingredients.image.environment, ...(ingredients.options.Env ?? [])]);
    const { options } = ingredients;
    return new DockerSandbox({
      api,
      spec,
      options,
      container,
      attached,
      waiting,
      events,
      facts,
      path,
      commandBefore,
    });
  }
}

function sandboxFacts(
  spec: TaskSpec,
  { inspected, image, network }: Ingredients & { inspected: Docker.ContainerInspectInfo },
): SandboxFacts {
  const enforced = enforcedLimits(inspected, spec);
  const { reference, id, digest } = image;
  return {
    image: { reference, id, digest },
    isolation: { level: 'container', simulated: false },
    enforced,
    notEnforced: notEnforced(inspected, enforced, spec),
    user: inspected.Config.User === '' ? null : inspected.Config.User,
    network: { name: network.name, id: network.id },
    handle: inspected.Id,
  };
}

function pathOf(environment: readonly string[]): string | null {
  return environment.findLast((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? null;
}

/** Like Promise.all, but waits for all of them: what one has begun while another fails is not left dangling. */
async function allSettledOrThrow<const T extends readonly Promise<unknown>[]>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}
