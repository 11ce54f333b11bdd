import type Docker from 'dockerode';
import { type Owner, currentOwner, isDead } from '../owner.ts';
import { type DockerApi, callLimitsMs } from './docker-api.ts';
import { removeContainer } from './remove-container.ts';
import { deadlineMsOf, labels, ownerOf } from './labels.ts';

/** Removes our own containers that nobody looks after any more; answers their names. */
export async function sweep(api: DockerApi): Promise<string[]> {
  const ours = await api.call(callLimitsMs.quick, (abortSignal) =>
    api.docker.listContainers({ all: true, filters: { label: [labels.tool] }, abortSignal }),
  );
  const observer = currentOwner();
  const abandoned = ours.filter((container) => isAbandoned(container, observer, Date.now()));
  await Promise.all(abandoned.map(({ Id }) => removeContainer(api, api.docker.getContainer(Id))));
  return abandoned.map(({ Names }) => Names[0] ?? '?');
}

/** Past its deadline, or its owner is certainly dead. Nothing without our label, nothing that is in doubt. */
export function isAbandoned(
  container: Pick<Docker.ContainerInfo, 'Labels'>,
  observer: Owner,
  nowMs: number,
): boolean {
  if (!container.Labels[labels.tool]) return false;
  const owner = ownerOf(container.Labels);
  const deadlineMs = deadlineMsOf(container.Labels);
  return (owner !== null && isDead(owner, observer)) || (deadlineMs !== null && deadlineMs < nowMs);
}
