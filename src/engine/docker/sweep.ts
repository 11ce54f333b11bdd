import type Docker from 'dockerode';
import { type Owner, isDead, isOurself } from '../owner.ts';
import { containerName, probeName } from './container-options.ts';
import { type DockerApi, callLimitsMs } from './docker-api.ts';
import { removeContainer } from './remove-container.ts';
import { deadlineMsOf, labels, ownerOf } from './labels.ts';

/** Removes our own containers that nobody looks after any more; answers their names. */
export async function sweep(api: DockerApi): Promise<string[]> {
  const abandoned = await abandonedContainers(api);
  await Promise.all(abandoned.map(({ Id }) => removeContainer(api, api.docker.getContainer(Id))));
  return abandoned.map(({ Names }) => Names[0] ?? '?');
}

export async function abandonedContainers(
  api: DockerApi,
  cancel?: AbortSignal,
): Promise<Docker.ContainerInfo[]> {
  const filters = { label: [labels.tool] };
  const ours = await api.call(
    callLimitsMs.quick,
    (abortSignal) => api.docker.listContainers({ all: true, filters, abortSignal }),
    cancel,
  );
  const observer = api.observer();
  return ours.filter((container) => isAbandoned(container, observer, Date.now()));
}

/**
 * Past its deadline, or its owner is certainly dead. Nothing that is not named as we name it (labels are inherited
 * from images), nothing that is in doubt.
 */
export function isAbandoned(
  container: Pick<Docker.ContainerInfo, 'Labels' | 'Names'>,
  observer: Owner | null,
  nowMs: number,
): boolean {
  const { [labels.tool]: tool, [labels.task]: task } = container.Labels;
  if (!tool || !task) return false;
  const names = [containerName(task), probeName(task)];
  if (!names.some((name) => container.Names.includes(`/${name}`))) return false;
  const owner = ownerOf(container.Labels);
  // Whatever the clock says, which may have been set forward meanwhile.
  if (owner !== null && isOurself(owner)) return false;
  const deadlineMs = deadlineMsOf(container.Labels);
  const isOrphan = owner !== null && observer !== null && isDead(owner, observer);
  return isOrphan || (deadlineMs !== null && deadlineMs < nowMs);
}
