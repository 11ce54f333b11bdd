import type { TaskSpec } from '../../../spec/task-spec.ts';
import type { UsableImage } from './ensure-image.ts';

/** The tasks of a batch come many in a second, and a name seldom gets another image. */
const goodForMs = 1_000;

interface Found {
  readonly image: UsableImage;
  readonly atMs: number;
}

/** The images that were found a moment ago. Whoever uses one must see in what is made of it that it still was that one. */
export class RecentImages {
  readonly #found = new Map<string, Found>();

  /** What was found for such a task within the last second, or is found now; null where nothing can be used as it is. */
  async find(spec: TaskSpec, look: () => Promise<UsableImage | null>): Promise<UsableImage | null> {
    const key = keyOf(spec);
    const recent = this.#found.get(key);
    if (recent && performance.now() - recent.atMs < goodForMs) return recent.image;
    const atMs = performance.now();
    const image = await look();
    if (image) this.#found.set(key, { image, atMs });
    else this.#found.delete(key);
    return image;
  }

  forget(spec: TaskSpec): void {
    this.#found.delete(keyOf(spec));
  }
}

/** All that decides which image it is. */
function keyOf({ image, profile, recipe, buildArgs, platform, pull, mayBuild }: TaskSpec): string {
  return JSON.stringify([image, profile, recipe, buildArgs, platform, pull, mayBuild]);
}
