import type Docker from 'dockerode';
import { SandboxFailure } from '../../failure.ts';
import type { TaskSpec } from '../../spec/task-spec.ts';
import { type DockerApi, callLimitsMs } from './docker-api.ts';
import { engineMessageOf, httpStatusOf } from './engine-failure.ts';

/** Creates the container; its name, made from the task's id, is what keeps two live tasks from sharing one. */
export async function createContainer(
  api: DockerApi,
  spec: TaskSpec,
  options: Docker.ContainerCreateOptions,
): Promise<Docker.Container> {
  try {
    return await attempt(api, options);
  } catch (error) {
    if (httpStatusOf(error) !== 409) throw refused(error);
    if (!(await isLeaving(api, options.name ?? ''))) throw idInUse(spec, error);
  }
  try {
    return await attempt(api, options);
  } catch (error) {
    throw httpStatusOf(error) === 409 ? idInUse(spec, error) : refused(error);
  }
}

async function attempt(
  api: DockerApi,
  options: Docker.ContainerCreateOptions,
): Promise<Docker.Container> {
  const { id } = await api.createContainer(options);
  return api.docker.getContainer(id);
}

/** True once a finished task of the same name is gone: the engine removes it a moment after it has ended. */
async function isLeaving(api: DockerApi, name: string): Promise<boolean> {
  const container = api.docker.getContainer(name);
  try {
    const { State } = await api.call(callLimitsMs.quick, (abortSignal) =>
      container.inspect({ abortSignal } as Docker.ContainerInspectOptions),
    );
    if (!['exited', 'dead', 'removing'].includes(State.Status)) return false;
    await api.call(callLimitsMs.quick, (abortSignal) =>
      container.wait({ condition: 'removed', abortSignal } as Docker.ContainerWaitOptions),
    );
    return true;
  } catch (error) {
    if (httpStatusOf(error) === 404) return true;
    throw error;
  }
}

function idInUse(spec: TaskSpec, cause: unknown): SandboxFailure {
  return new SandboxFailure('id-in-use', `a task with the id "${spec.id}" is running already`, {
    hint: 'Wait for it, stop it, or choose another --id.',
    cause,
  });
}

function refused(error: unknown): SandboxFailure {
  if (error instanceof SandboxFailure && httpStatusOf(error) === null) return error;
  return new SandboxFailure(
    'start-failed',
    `the engine refused the task: ${engineMessageOf(error)}`,
    {
      cause: error,
    },
  );
}
