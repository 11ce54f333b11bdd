import type { TaskSpec } from '../../spec/task-spec.ts';
import { ContainerFiles } from './container-files.ts';
import { probeName } from './container-options.ts';
import { createContainer } from './create-container.ts';
import type { DockerApi } from './docker-api.ts';
import { taskLabels } from './labels.ts';
import { removeOrRemember } from './leftovers.ts';
import { mountOptions } from './mounts.ts';

/**
 * What is in an image, and in the volumes that a task asks for: by a container that is never started and is gone
 * when this resolves.
 */
export async function lookIntoImage<T>(
  api: DockerApi,
  { spec, imageId }: { spec: TaskSpec; imageId: string },
  look: (files: ContainerFiles) => Promise<T>,
): Promise<T> {
  const made = {
    name: probeName(spec.id),
    Image: imageId,
    // An image need not name a command, and the engine wants one.
    Entrypoint: ['-'],
    Labels: taskLabels(spec, Date.now()),
    HostConfig: {
      NetworkMode: 'none',
      Mounts: mountOptions(spec.mounts.filter(({ type }) => type === 'volume')),
    },
  };
  const container = await createContainer(api, spec, made);
  try {
    return await look(new ContainerFiles(api, container.id));
  } finally {
    await removeOrRemember(api, { container, made });
  }
}
