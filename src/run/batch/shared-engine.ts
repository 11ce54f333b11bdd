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
  readonly #imageIds = new Map<string, Promise<string | null>>();

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

  /** Whether the name of an image stands for another one now; where the engine cannot tell, it does not. */
  async hasOtherImage(image: Receipt['image']): Promise<boolean> {
    if (image?.id == null) return false;
    const { reference } = image;
    const asked = this.#imageIds.get(reference) ?? this.#idOf(reference);
    this.#imageIds.set(reference, asked);
    const id = await asked;
    return id !== null && id !== image.id;
  }

  async #idOf(reference: string): Promise<string | null> {
    const [engine] = this.#had;
    const found = engine?.images?.idOf(reference, this.#closing.signal);
    return (await found?.catch(() => null)) ?? null;
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
