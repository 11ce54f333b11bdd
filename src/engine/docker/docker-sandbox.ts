import { SandboxFailure } from '../../failure.ts';
import type { OutputSinks, Sandbox, SandboxFacts } from '../engine.ts';
import { checkWorkdir } from '../workdir.ts';
import { lookBefore } from './command-before.ts';
import { closeConnections } from './container-connections.ts';
import type { ContainerParts } from './container-parts.ts';
import { remedyFor } from './create-container.ts';
import { callLimitsMs } from './docker-api.ts';
import { engineMessageOf, httpStatusOf } from './engine-failure.ts';
import { removeOrRemember } from './leftovers.ts';
import { RunningContainer } from './running-container.ts';
import { Watchdog } from './watchdog.ts';

/** Removal follows the end within milliseconds; longer means that the events were lost. */
const removalLimitMs = 10_000;

/** A created container: attached, waited for and listened to, but not started. */
export class DockerSandbox implements Sandbox {
  readonly facts: SandboxFacts;
  readonly #parts: ContainerParts;
  readonly #watchdog: Watchdog;
  #running: RunningContainer | null = null;

  constructor(parts: ContainerParts) {
    this.#parts = parts;
    this.facts = parts.facts;
    const { api, container, spec } = parts;
    this.#watchdog = new Watchdog({ api, container, limits: spec.limits });
  }

  async start(output: OutputSinks): Promise<RunningContainer> {
    const { api, container, secrets, spec, search } = this.#parts;
    // Only now: a copy of the workspace may have been filling until here.
    await checkWorkdir(spec);
    const commandBefore = await lookBefore(spec, search);
    // Before the start: the first bytes of a short task come before the engine says that it has started.
    const parts = { ...this.#parts, commandBefore, watchdog: this.#watchdog };
    this.#running = new RunningContainer(parts, output);
    try {
      const starting = api.call(callLimitsMs.slow, (abortSignal) =>
        container.start({ abortSignal }),
      );
      this.#parts.onStart();
      output.prepare();
      await starting;
      this.#watchdog.arm();
      await secrets.remove();
      return this.#running;
    } catch (error) {
      if (error instanceof SandboxFailure && httpStatusOf(error) === null) throw error;
      throw new SandboxFailure(
        'start-failed',
        `the engine could not start the task: ${engineMessageOf(error)}`,
        { ...remedyFor(error), cause: error },
      );
    }
  }

  async dispose(): Promise<void> {
    const { events, api, container, options, secrets } = this.#parts;
    try {
      const removesItself = events.count('die') > 0;
      if (removesItself && (await events.seen('destroy', removalLimitMs))) return;
      await removeOrRemember(api, { container, made: options });
    } finally {
      this.#watchdog.close();
      this.#running?.abandon();
      closeConnections(this.#parts);
      await secrets.remove();
    }
  }
}
