import type Docker from 'dockerode';
import type { EngineTask, TaskBoard } from '../engine.ts';
import { ownerState } from '../owner.ts';
import { within } from '../timer.ts';
import { textOf } from './answers.ts';
import { containerName } from './container-options.ts';
import { type DockerApi, callLimitsMs } from './docker-api.ts';
import type { EngineContainer } from './engine-calls.ts';
import { httpStatusOf } from './engine-failure.ts';
import { labels, limitsOf, ownerOf } from './labels.ts';
import { nestedDockerEntry } from './nested-docker.ts';
import { removeContainer } from './remove-container.ts';

/** The tasks of an engine, by the containers that they are. */
export class DockerTasks implements TaskBoard {
  readonly #api: DockerApi;

  constructor(api: DockerApi) {
    this.#api = api;
  }

  async list(cancel: AbortSignal): Promise<EngineTask[]> {
    const filters = { label: [labels.tool, labels.task] };
    const found = await this.#api.call(
      callLimitsMs.quick,
      (abortSignal) => this.#api.docker.listContainers({ all: true, filters, abortSignal }),
      cancel,
    );
    const tasks = await Promise.all(found.filter(isTask).map(({ Id }) => this.#inspect(Id)));
    return tasks
      .filter((task) => task !== null)
      .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  }

  async stop({ handle, state }: EngineTask, graceMs: number): Promise<void> {
    const container = this.#api.docker.getContainer(handle);
    const isRunning = state !== 'created' && (await this.#signal(container, 'SIGTERM'));
    if (isRunning && !(await this.#endsWithin(container, graceMs))) {
      await this.#signal(container, 'SIGKILL');
    }
    await removeContainer(this.#api, container);
  }

  /** False where there is nothing any more that could take it. */
  async #signal(container: EngineContainer, signal: NodeJS.Signals): Promise<boolean> {
    try {
      await this.#api.call(callLimitsMs.quick, (abortSignal) =>
        container.kill({ signal, abortSignal }),
      );
      return true;
    } catch (error) {
      if ([404, 409].includes(httpStatusOf(error) ?? 0)) return false;
      throw error;
    }
  }

  async #endsWithin({ id }: EngineContainer, graceMs: number): Promise<boolean> {
    const enough = new AbortController();
    const path = `/containers/${id}/wait?condition=not-running`;
    const ended = this.#api
      .stream('POST', path, enough.signal)
      .then((response) => textOf(response))
      // Gone already, or the engine is: what comes next tells.
      .then(isTrue, isTrue);
    try {
      return await within(graceMs, ended, false);
    } finally {
      enough.abort();
    }
  }

  /** Null where it is gone by now. */
  async #inspect(id: string): Promise<EngineTask | null> {
    try {
      const inspected = await this.#api.inspectContainer(this.#api.docker.getContainer(id));
      return taskOf(inspected, this.#api);
    } catch (error) {
      if (httpStatusOf(error) === 404) return null;
      throw error;
    }
  }
}

const isTrue = () => true;

/** Labels alone are inherited from images, and a name can be anybody's. */
function isTask({ Labels, Names }: Pick<Docker.ContainerInfo, 'Labels' | 'Names'>): boolean {
  const { [labels.tool]: tool, [labels.task]: id } = Labels;
  return Boolean(tool) && Boolean(id) && Names.includes(`/${containerName(id ?? '')}`);
}

function taskOf(
  { Id, Created, State, Config }: Docker.ContainerInspectInfo,
  api: DockerApi,
): EngineTask {
  const owner = ownerOf(Config.Labels);
  return {
    id: Config.Labels[labels.task] ?? '',
    handle: Id,
    state: State.Status,
    command: commandOf(Config),
    createdAt: new Date(Created),
    startedAt: startOf(State.StartedAt),
    ...limitsOf(Config.Labels),
    owner,
    ownerState: ownerState(owner, api.observer()),
  };
}

function commandOf({ Entrypoint, Cmd }: Docker.ContainerInspectInfo['Config']): string[] {
  // The client library has wrong types: both may be null.
  const words = [Entrypoint, Cmd].flatMap(
    (part: string | string[] | null | undefined) => part ?? [],
  );
  return words[0] === nestedDockerEntry ? words.slice(1) : words;
}

/** An engine says that it was in the year 1 where it never was. */
function startOf(text: string): Date | null {
  const time = new Date(text);
  return time.getTime() > 0 ? time : null;
}
