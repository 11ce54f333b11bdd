import type { CreateContext, Engine } from '../../engine/engine.ts';
import { connectEngine } from '../../engine/engines.ts';
import type { Receipt } from '../../receipt/receipt.ts';
import type { TaskSpec } from '../../spec/task-spec.ts';
import { untilAborted } from '../until-aborted.ts';

/** One engine for all tasks of a batch: it is found, asked what it is and swept once. */
export class SharedEngine {
  readonly #env: NodeJS.ProcessEnv;
  readonly #closing = new AbortController();
  #engine: Promise<Engine> | null = null;
  readonly #had = new Set<Engine>();

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  /**
   * In place of `connectEngine`. One that could not be had is looked for again by the next task; whoever is
   * cancelled meanwhile waits no longer, and the others do.
   */
  readonly connect = async (
    spec: TaskSpec,
    { cancel }: Pick<CreateContext, 'cancel'>,
  ): Promise<Engine> => {
    const around = { cancel: this.#closing.signal, env: this.#env };
    const connecting = (this.#engine ??= connectEngine(spec, around));
    connecting.catch(() => {
      if (this.#engine === connecting) this.#engine = null;
    });
    const engine = await untilAborted(connecting, cancel);
    this.#had.add(engine);
    return lent(engine);
  };

  /**
   * Whether a task would run in another image now than it did. Asked each time: a task of this very batch may move
   * a name. Where the engine has neither the one nor the other, nobody can tell, and it would not.
   */
  async hasOtherImage(spec: TaskSpec, image: Receipt['image']): Promise<boolean> {
    const [engine] = this.#had;
    const images = engine?.images;
    if (!images) return false;
    // Without an engine there was none.
    if (image?.id == null) return true;
    const { signal } = this.#closing;
    const id = await images.idFor(spec, signal).catch(() => null);
    if (id !== null) return id !== image.id;
    return await images.has(image.id, signal).catch(() => false);
  }

  /** Of all engines that were had; answers what is still there, and why. */
  async removeLeftovers(): Promise<readonly string[]> {
    const all = [...this.#had].map((engine) => engine.removeLeftovers());
    return (await Promise.all(all)).flat();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const engine = await this.#engine?.catch(() => null);
    await engine?.close();
  }
}

/** Whoever closes it is not the last one to use it. */
function lent(engine: Engine): Engine {
  const { facts, capacity, diagnosis, images, housekeeping, tasks } = engine;
  return {
    ...{ facts, capacity, diagnosis, images, housekeeping, tasks },
    check: (spec) => engine.check(spec),
    create: (spec, context) => engine.create(spec, context),
    removeLeftovers: () => engine.removeLeftovers(),
    close: () => Promise.resolve(),
  };
}
