import type { Engine } from '../../engine/engine.ts';
import { type Surroundings, connectEngine } from '../../engine/engines.ts';
import type { TaskSpec } from '../../spec/task-spec.ts';

/** One engine for all tasks of a batch: it is found, asked what it is and swept once. */
export class SharedEngine {
  readonly #around: Surroundings;
  #engine: Promise<Engine> | null = null;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** In place of `connectEngine`. One that could not be had is looked for again by the next task. */
  readonly connect = async (spec: TaskSpec): Promise<Engine> => {
    this.#engine ??= connectEngine(spec, this.#around);
    try {
      return lent(await this.#engine);
    } catch (error) {
      this.#engine = null;
      throw error;
    }
  };

  async close(): Promise<void> {
    const engine = await this.#engine?.catch(() => null);
    await engine?.close();
  }
}

/** Whoever closes it is not the last one to use it. */
function lent(engine: Engine): Engine {
  const { facts, capacity, diagnosis, images, tasks } = engine;
  const create: Engine['create'] = (spec, context) => engine.create(spec, context);
  return { facts, capacity, diagnosis, images, tasks, create, close: () => Promise.resolve() };
}
