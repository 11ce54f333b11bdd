import type Docker from 'dockerode';
import { type TaskSpec } from '../../spec/task-spec.ts';
import type { CreateContext, Engine, EngineCapacity, EngineFacts, Sandbox } from '../engine.ts';
import { refuseLess } from '../engines.ts';
import { sweepSecrets } from '../secrets-directory.ts';
import { within } from '../timer.ts';
import { checkWorkdir } from '../workdir.ts';
import { allSettledOrThrow } from './all-settled.ts';
import { commandSearch } from './command-before.ts';
import { type ContainerConnections, closeConnections, connectTo } from './container-connections.ts';
import { powerlessWarning } from './container-capabilities.ts';
import { type Placement, containerOptions } from './container-options.ts';
import { createContainer } from './create-container.ts';
import { DockerDiagnosis } from './diagnosis.ts';
import type { DockerApi } from './docker-api.ts';
import type { EngineContainer } from './engine-calls.ts';
import type { EngineInfo } from './engine-info.ts';
import { DockerHousekeeping } from './docker-housekeeping.ts';
import { DockerSandbox } from './docker-sandbox.ts';
import { type Identity, identify, withoutUnseen } from './identity.ts';
import { leftoversOf, removeOrRemember } from './leftovers.ts';
import { DockerImages } from './images/docker-images.ts';
import { type UsableImage, findImage, makeImage } from './images/ensure-image.ts';
import { checkImageInForce, isOutdated } from './images/image-in-force.ts';
import { inspectImage } from './images/pull/pull.ts';
import { RecentImages } from './images/recent-images.ts';
import { taskLabels } from './labels.ts';
import { type UsableNetwork, ensureNetwork } from './network.ts';
import { nestedDockerWarning } from './nested-docker.ts';
import { networkSysctls } from './network-plan.ts';
import { podmanFilter, withProfileInFile, withoutOwnFilter } from './podman-filter.ts';
import { dockerProduct, podmanProduct } from './product.ts';
import { checkRuntime, checkRuntimeInForce, levelOf } from './runtime.ts';
import { sandboxFacts } from './sandbox-facts.ts';
import { SecretFiles } from './secret-files.ts';
import { securityOptions } from './security-options.ts';
import { sweep } from './sweep.ts';
import { DockerTasks } from './docker-tasks.ts';
import { taskUser } from './user.ts';

/** What an engine is known to be, and what was looked for meanwhile. */
interface Known {
  readonly facts: EngineFacts;
  readonly info: EngineInfo;
  readonly early: Promise<UsableImage | null>;
  /** In place of the engine's own filter of system calls, where that was asked for already. */
  readonly filter: Promise<string | null> | null;
  /** What killed runs left stays, for whoever wants to see it. */
  readonly keepsLeftovers: boolean;
}

interface Ingredients {
  readonly placement: Placement;
  readonly image: UsableImage;
  readonly network: UsableNetwork;
  readonly secrets: SecretFiles;
  readonly cancel: AbortSignal;
}

interface Container {
  readonly container: EngineContainer;
  readonly options: Docker.ContainerCreateOptions;
  readonly identity: Identity;
}

interface Connected extends Ingredients, Container, ContainerConnections {
  readonly inspected: Docker.ContainerInspectInfo;
}

const sweepLimitMs = 1_000;

export class DockerEngine implements Engine {
  readonly facts: EngineFacts;
  readonly capacity: EngineCapacity;
  readonly diagnosis: DockerDiagnosis;
  readonly images: DockerImages;
  readonly housekeeping: DockerHousekeeping;
  readonly tasks: DockerTasks;
  readonly #api: DockerApi;
  readonly #info: EngineInfo;
  readonly #keepsLeftovers: boolean;
  readonly #recentImages = new RecentImages();
  #early: Promise<UsableImage | null> | null;
  #filter: Promise<string | null> | null;
  #sweeping: Promise<unknown> | null = null;

  constructor(api: DockerApi, { facts, info, early, filter, keepsLeftovers }: Known) {
    this.#keepsLeftovers = keepsLeftovers;
    this.#api = api;
    this.facts = facts;
    this.capacity = info.capacity;
    this.#info = info;
    this.#early = early;
    this.#filter = filter;
    this.diagnosis = new DockerDiagnosis(api);
    this.images = new DockerImages(api);
    this.housekeeping = new DockerHousekeeping(api);
    this.tasks = new DockerTasks(api);
  }

  /** What is known before an image is made, which takes a while. What the engine really did is looked at later. */
  check(spec: TaskSpec): void {
    checkRuntime(spec.runtime, this.#info);
    const runtime = spec.runtime ?? this.#info.defaultRuntime;
    refuseLess(spec.nestedDocker ? 'none' : levelOf(runtime, this.#info), spec);
  }

  async create(asked: TaskSpec, context: CreateContext): Promise<Sandbox> {
    this.check(asked);
    try {
      return await this.#create(asked, context);
    } catch (error) {
      if (!isOutdated(error)) throw error;
      this.#recentImages.forget(asked);
      return await this.#create(asked, context);
    }
  }

  async #create(asked: TaskSpec, context: CreateContext): Promise<Sandbox> {
    const { phases } = context;
    const isWorkdirSeen = await checkWorkdir(asked, { isFilled: asked.workspaceMode !== 'copy' });
    const [image, network, security] = await allSettledOrThrow([
      phases.measure('image', () => this.#imageFor(asked, context)),
      phases.measure('network', () => ensureNetwork(this.#api, asked.network, context.cancel)),
      this.#securityOptions(asked),
    ]);
    context.cancel.throwIfAborted();
    // One that was built has a name of its own.
    const spec = { ...asked, image: image.facts.reference };
    const user = taskUser(spec, this.facts.rootless);
    const identity = await phases.measure('identity', () =>
      identify(this.#api, { spec, user, imageId: image.facts.id, isWorkdirSeen }),
    );
    context.cancel.throwIfAborted();
    const secrets = await SecretFiles.write(spec.id, context.secrets);
    const placement = {
      user,
      // Podman refuses such an option.
      scratchOwner: this.facts.product === dockerProduct ? user : null,
      networkMode: network.mode,
      networkSysctls: networkSysctls(spec.network, this.facts.apiVersion ?? ''),
      imageEntrypoint: image.entrypoint,
      labels: taskLabels(spec, Date.now()),
      securityOptions: security,
      secrets: secrets.files,
      identity,
    };
    const sandbox = await phases.measure('create', () =>
      this.#make(spec, { placement, image, network, secrets, cancel: context.cancel }),
    );
    const warning = powerlessWarning(sandbox.facts);
    if (warning !== null) context.warn(warning);
    if (spec.nestedDocker) context.warn(nestedDockerWarning);
    return sandbox;
  }

  async removeLeftovers(): Promise<readonly string[]> {
    return await leftoversOf(this.#api).removeAll();
  }

  /** A sweep that is under way is given a moment to end, so that its connections are not cut. */
  async close(): Promise<void> {
    await within(sweepLimitMs, this.#sweep(), undefined);
  }

  /** Once, and never the business of a run: what it cannot remove now, the next one can. */
  #sweep(): Promise<unknown> {
    this.#sweeping ??= this.#keepsLeftovers
      ? Promise.resolve()
      : Promise.allSettled([sweep(this.#api), sweepSecrets()]);
    return this.#sweeping;
  }

  async #securityOptions(spec: TaskSpec): Promise<string[]> {
    this.#filter ??= this.#isPodman ? podmanFilter(this.#api) : Promise.resolve(null);
    return await securityOptions(spec, await this.#filter);
  }

  get #isPodman(): boolean {
    return this.facts.product === podmanProduct;
  }

  async #imageFor(spec: TaskSpec, context: CreateContext): Promise<UsableImage> {
    const present = await this.#recentImages.find(spec, async () => {
      return (await this.#takeEarly()) ?? (await findImage(this.#api, spec, context.cancel));
    });
    return present ?? (await makeImage(this.#api, spec, context));
  }

  /** What was found early is good for the first task only: a later one may come much later. */
  async #takeEarly(): Promise<UsableImage | null> {
    const early = this.#early;
    this.#early = null;
    return await early;
  }

  async #make(spec: TaskSpec, ingredients: Ingredients): Promise<Sandbox> {
    let made: Container | null = null;
    try {
      made = await this.#createContainer(spec, ingredients.placement);
      return await this.#connect(spec, made, ingredients);
    } catch (error) {
      // The reason is what counts; what cannot be removed now is removed later.
      await ingredients.secrets.remove().catch(() => undefined);
      if (made) await this.#remove(made).catch(() => undefined);
      throw error;
    }
  }

  async #remove({ container, options }: Container): Promise<void> {
    await removeOrRemember(this.#api, { container, made: options });
  }

  async #createContainer(spec: TaskSpec, placement: Placement): Promise<Container> {
    const { identity } = placement;
    const options = containerOptions(spec, placement);
    const create = (asked: Docker.ContainerCreateOptions) =>
      createContainer(this.#api, spec, asked);
    try {
      const container = await (this.#isPodman
        ? withProfileInFile(this.#api, options, create)
        : create(options));
      return { container, options, identity };
    } catch (error) {
      const less = this.#withoutRefused(spec, placement, error);
      if (!less) throw error;
      return await this.#createContainer(spec, less);
    }
  }

  /** Without what is ours and the engine could not read; null where that is not what it failed for. */
  #withoutRefused(spec: TaskSpec, placement: Placement, error: unknown): Placement | null {
    const identity = withoutUnseen(placement.identity, error);
    if (identity) return { ...placement, identity };
    const securityOptions = withoutOwnFilter(placement.securityOptions, spec, error);
    if (!securityOptions) return null;
    this.#filter = Promise.resolve(null);
    return { ...placement, securityOptions };
  }

  async #connect(spec: TaskSpec, made: Container, ingredients: Ingredients) {
    const api = this.#api;
    const connecting = connectTo(api, made.container, spec);
    try {
      const inspecting = api.inspectContainer(made.container);
      const [connections, inspected] = await allSettledOrThrow([connecting, inspecting]);
      await checkImageInForce(ingredients.image, inspected, (digest) =>
        inspectImage(api, digest, ingredients.cancel),
      );
      checkRuntimeInForce(spec.runtime, inspected);
      return this.#sandbox(spec, { ...made, ...ingredients, ...connections, inspected });
    } catch (error) {
      await connecting.then(closeConnections, () => undefined);
      throw error;
    }
  }

  #sandbox(spec: TaskSpec, made: Connected): DockerSandbox {
    const { container, options, identity, image, network, secrets, inspected } = made;
    const { attached, waiting, events } = made;
    return new DockerSandbox({
      // While the engine is busy with the start, which is most of what a short task takes.
      onStart: () => void this.#sweep(),
      ...{ api: this.#api, spec, options, container, attached, waiting, events, secrets },
      facts: sandboxFacts(spec, {
        ...{ inspected, image, network, identity },
        ...{ engine: this.facts, info: this.#info },
      }),
      search: commandSearch(spec, options, image.environment),
      tellsOom: !this.#isPodman,
    });
  }
}
