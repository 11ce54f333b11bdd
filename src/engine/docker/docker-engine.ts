import type Docker from 'dockerode';
import { type TaskSpec } from '../../spec/task-spec.ts';
import type { CreateContext, Engine, EngineFacts, Sandbox } from '../engine.ts';
import { sweepSecrets } from '../secrets-directory.ts';
import { within } from '../timer.ts';
import { allSettledOrThrow } from './all-settled.ts';
import { lookBefore } from './command-before.ts';
import { ContainerEvents } from './container-events.ts';
import { powerlessWarning } from './container-capabilities.ts';
import { containerOptions } from './container-options.ts';
import { createContainer } from './create-container.ts';
import { DockerDiagnosis } from './diagnosis.ts';
import type { DockerApi } from './docker-api.ts';
import type { EngineInfo } from './engine-info.ts';
import { DockerSandbox } from './docker-sandbox.ts';
import { removeContainer } from './remove-container.ts';
import { type UsableImage, ensureImage } from './image.ts';
import { taskLabels } from './labels.ts';
import { type UsableNetwork, ensureNetwork } from './network.ts';
import { networkSysctls } from './network-plan.ts';
import { checkRuntime, checkRuntimeInForce, runtimeOf } from './runtime.ts';
import { sandboxFacts } from './sandbox-facts.ts';
import { SecretFiles } from './secret-files.ts';
import { securityOptions } from './security-options.ts';
import { sweep } from './sweep.ts';
import { taskUser } from './user.ts';

interface Ingredients {
  readonly options: Docker.ContainerCreateOptions;
  readonly image: UsableImage;
  readonly network: UsableNetwork;
  readonly secrets: SecretFiles;
}

const sweepLimitMs = 1_000;

export class DockerEngine implements Engine {
  readonly diagnosis: DockerDiagnosis;
  readonly #api: DockerApi;
  readonly #info: EngineInfo;
  readonly #sweeping: Promise<unknown>;
  #facts: EngineFacts;

  constructor(api: DockerApi, facts: EngineFacts, info: EngineInfo) {
    this.#api = api;
    this.#facts = facts;
    this.#info = info;
    this.diagnosis = new DockerDiagnosis(api);
    // Beside the run, and never its business: what it cannot remove now, the next one can.
    this.#sweeping = Promise.allSettled([sweep(api), sweepSecrets()]);
  }

  /** Once a container was made, its runtime is what it really has. */
  get facts(): EngineFacts {
    return this.#facts;
  }

  async create(spec: TaskSpec, context: CreateContext): Promise<Sandbox> {
    const { phases } = context;
    checkRuntime(spec.runtime, this.#info);
    const [image, network, security] = await allSettledOrThrow([
      phases.measure('image', () => ensureImage(this.#api, spec, context)),
      phases.measure('network', () => ensureNetwork(this.#api, spec.network, context.cancel)),
      securityOptions(spec.securityOpt),
    ]);
    context.cancel.throwIfAborted();
    const secrets = await SecretFiles.write(spec.id, context.secrets);
    const options = containerOptions(spec, {
      user: taskUser(spec, this.facts.rootless),
      networkMode: network.mode,
      networkSysctls: networkSysctls(spec.network, this.facts.apiVersion ?? ''),
      imageEntrypoint: image.entrypoint,
      labels: taskLabels(spec, Date.now()),
      securityOptions: security,
      secrets: secrets.files,
    });
    const sandbox = await phases.measure('create', () =>
      this.#make(spec, { options, image, network, secrets }),
    );
    const warning = powerlessWarning(sandbox.facts);
    if (warning !== null) context.warn(warning);
    return sandbox;
  }

  /** A sweep that is under way is given a moment to end, so that its connections are not cut. */
  async close(): Promise<void> {
    await within(sweepLimitMs, this.#sweeping, undefined);
  }

  async #make(spec: TaskSpec, ingredients: Ingredients): Promise<Sandbox> {
    let container: Docker.Container | null = null;
    try {
      container = await createContainer(this.#api, spec, ingredients.options);
      return await this.#connect(spec, container, ingredients);
    } catch (error) {
      // The reason is what counts; what cannot be removed now is removed by the next run.
      await ingredients.secrets.remove().catch(() => undefined);
      if (container) await removeContainer(this.#api, container).catch(() => undefined);
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
    checkRuntimeInForce(spec.runtime, inspected);
    const runtime = runtimeOf(inspected, this.#info);
    this.#facts = { ...this.#facts, runtime };
    const made = { inspected, ...ingredients, engine: this.#facts, info: this.#info };
    const facts = sandboxFacts(spec, made);
    const path = pathOf([...ingredients.image.environment, ...(ingredients.options.Env ?? [])]);
    const { options, secrets } = ingredients;
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
      secrets,
    });
  }
}

function pathOf(environment: readonly string[]): string | null {
  return environment.findLast((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? null;
}
