import type { TaskSpec } from '../../../spec/task-spec.ts';
import type { CreateContext, ImageFacts, ImageStore, OwnImage } from '../../engine.ts';
import type { DockerApi } from '../docker-api.ts';
import { build, buildIfMissing } from './ensure-built.ts';
import { ensureImage, findImage } from './ensure-image.ts';
import { importDirectory } from './offline/import.ts';
import { countLeftovers } from './store/leftovers.ts';
import { listImages } from './store/list-images.ts';
import { loadImages } from './offline/load.ts';
import { buildMinimal } from './offline/minimal.ts';
import { inspectImage } from './pull/pull.ts';
import { type Pruned, pruneImages } from './store/prune-images.ts';
import { removeOwnImage } from './store/remove-images.ts';

/** What can be done with the images of one engine besides running tasks in them. */
export class DockerImages implements ImageStore {
  readonly #api: DockerApi;

  constructor(api: DockerApi) {
    this.#api = api;
  }

  async build(
    spec: TaskSpec,
    context: CreateContext,
    { noCache }: { noCache: boolean },
  ): Promise<ImageFacts> {
    const { recipe } = spec;
    if (recipe === null) return (await ensureImage(this.#api, spec, context)).facts;
    if (noCache) return await build(this.#api, { spec: { ...spec, recipe }, noCache }, context);
    return await buildIfMissing(this.#api, { ...spec, recipe }, context);
  }

  async idFor(spec: TaskSpec, cancel: AbortSignal): Promise<string | null> {
    return (await findImage(this.#api, { ...spec, pull: 'missing' }, cancel))?.facts.id ?? null;
  }

  async has(id: string, cancel: AbortSignal): Promise<boolean> {
    return (await inspectImage(this.#api, id, cancel)) !== null;
  }

  async list(cancel: AbortSignal): Promise<readonly OwnImage[]> {
    return await listImages(this.#api, cancel);
  }

  async leftovers(cancel: AbortSignal): Promise<{ count: number; bytes: number }> {
    return await countLeftovers(this.#api, cancel);
  }

  async remove(reference: string, cancel: AbortSignal): Promise<void> {
    await removeOwnImage(this.#api, reference, cancel);
  }

  async prune(wanted: readonly TaskSpec[], cancel: AbortSignal): Promise<Pruned> {
    return await pruneImages(this.#api, wanted, cancel);
  }

  async buildMinimal(spec: TaskSpec, context: CreateContext): Promise<ImageFacts> {
    return await buildMinimal(this.#api, spec, context);
  }

  async load(path: string, context: CreateContext): Promise<readonly string[]> {
    return await loadImages(this.#api, path, context);
  }

  async importDirectory(
    path: string,
    { reference }: { readonly reference: string },
    context: CreateContext,
  ): Promise<{ readonly id: string }> {
    return await importDirectory(this.#api, { path, reference }, context);
  }
}
