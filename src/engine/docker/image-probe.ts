import type { TaskSpec } from '../../spec/task-spec.ts';
import { ContainerFiles } from './container-files.ts';
import { probeName } from './container-options.ts';
import { createContainer } from './create-container.ts';
import type { DockerApi } from './docker-api.ts';
import { taskLabels } from './labels.ts';
import { mountOptions } from './mounts.ts';
import { removeContainer } from './remove-container.ts';

/**
 * What is in an image, and in the volumes that a task asks for: by a container that is never started and is gone
 * when this resolves.
 */
export async function lookIntoImage<T>(
  api: DockerApi,
  { spec, imageId }: { spec: TaskSpec; imageId: string },
  look: (files: ContainerFiles) => Promise<T>,
): Promise<T> {
  const container = await createContainer(api, spec, {
    name: probeName(spec.id),
    Image: imageId,
    // An image need not name a command, and the engine wants one.
    Entrypoint: ['-'],
    Labels: taskLabels(spec, Date.now()),
    HostConfig: {
      NetworkMode: 'none',
      Mounts: mountOptions(spec.mounts.filter(({ type }) => type === 'volume')),
    },
  });
  try {
    return await look(new ContainerFiles(api, container.id));
  } finally {
    await removeContainer(api, container);
  }
}
