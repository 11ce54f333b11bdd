import type Docker from 'dockerode';
import { SandboxFailure } from '../../failure.ts';
import type { TaskSpec } from '../../spec/task-spec.ts';
import { idInUse } from '../id-in-use.ts';
import type { DockerApi } from './docker-api.ts';
import type { EngineContainer } from './engine-calls.ts';
import { engineMessageOf, httpStatusOf } from './engine-failure.ts';
import { leftoversOf } from './leftovers.ts';
import { removeContainer, waitUntilRemoved } from './remove-container.ts';
import { isAbandoned } from './sweep.ts';

/** Creates the container; its name, made from the task's id, is what keeps two live tasks from sharing one. */
export async function createContainer(
  api: DockerApi,
  spec: TaskSpec,
  options: Docker.ContainerCreateOptions,
): Promise<EngineContainer> {
  const name = options.name ?? '';
  await leftoversOf(api).removeNamed(name);
  try {
    return await api.createContainer(options);
  } catch (error) {
    if (httpStatusOf(error) === null) await removeLost(api, options);
    if (!isNameTaken(error)) throw refused(error);
    if (!(await isLeaving(api, name))) throw idInUse(spec.id, error);
  }
  try {
    return await api.createContainer(options);
  } catch (error) {
    throw isNameTaken(error) ? idInUse(spec.id, error) : refused(error);
  }
}

/** Podman before 5 answers 500, and only its words tell. */
function isNameTaken(error: unknown): boolean {
  if (httpStatusOf(error) === 409) return true;
  return httpStatusOf(error) === 500 && /name .* already in use/.test(engineMessageOf(error));
}

/** The answer was lost, and perhaps only the answer. What cannot be looked at now is looked at later. */
async function removeLost(api: DockerApi, options: Docker.ContainerCreateOptions): Promise<void> {
  const leftovers = leftoversOf(api);
  leftovers.remember(options);
  await leftovers.removeNamed(options.name ?? '').catch(() => undefined);
}

/**
 * True once the name is free again: the engine removes a finished task a moment after it has ended, and one whose
 * owner is dead is removed here.
 */
async function isLeaving(api: DockerApi, name: string): Promise<boolean> {
  const container = api.docker.getContainer(name);
  try {
    const { State, Config, Name } = await api.inspectContainer(container);
    if (isAbandoned({ Labels: Config.Labels, Names: [Name] }, api.observer(), Date.now())) {
      await removeContainer(api, container);
      return true;
    }
    if (!['exited', 'dead', 'removing'].includes(State.Status)) return false;
    await waitUntilRemoved(api, container);
    return true;
  } catch (error) {
    if (httpStatusOf(error) === 404) return true;
    throw error;
  }
}

function refused(error: unknown): SandboxFailure {
  if (error instanceof SandboxFailure && httpStatusOf(error) === null) return error;
  return new SandboxFailure(
    'start-failed',
    `the engine refused the task: ${engineMessageOf(error)}`,
    { ...remedyFor(error), cause: error },
  );
}

/** In the words of the engine, where it finds something else in the image, or of the runtime. */
export function remedyFor(error: unknown): { hint?: string } {
  if (!/not a directory/i.test(engineMessageOf(error))) return {};
  const hint =
    'The image has a file where a task needs a directory (/workspace, /tmp, $HOME or its --workdir): choose another image.';
  return { hint };
}
