import { posix } from 'node:path';
import pLimit from 'p-limit';
import * as v from 'valibot';
import { SandboxFailure } from '../../../../failure.ts';
import { createTaskId } from '../../../../spec/task-id.ts';
import type { DockerApi } from '../../docker-api.ts';
import { lookIntoImage } from '../../image-probe.ts';
import type { RecipeSpec } from './recipe-spec.ts';

interface Place {
  readonly spec: RecipeSpec;
  /** What the files come on top of. */
  readonly imageId: string;
}

/** How many paths an engine is asked for at a time. */
const atOnce = 8;

/** A file in the place of a directory would take all that is in it away, without a word of the engine. */
export async function refuseDirectories(api: DockerApi, { spec, imageId }: Place): Promise<void> {
  const paths = spec.recipe.files.map(({ path }) => path);
  if (paths.length === 0) return;
  refuse(spec, directoriesAmong(paths));
  // Not the task's own container, and volumes of a task are not there while its image is built.
  const probe = { spec: { ...spec, id: createTaskId(), mounts: [] }, imageId };
  const found = await lookIntoImage(api, probe, async (files) => {
    const limit = pLimit(atOnce);
    const are = await Promise.all(paths.map((path) => limit(() => files.isDirectory(path))));
    return paths.filter((_, index) => are[index]);
  });
  refuse(spec, found);
}

/** The same for what the packages have made of the base, once it is known. */
export async function refusePackagedDirectories(
  api: DockerApi,
  built: Place,
  cancel: AbortSignal,
): Promise<void> {
  const { packages, files } = built.spec.recipe;
  if (packages.length === 0 || files.length === 0) return;
  const imageId = await imageBeforeFiles(api, built, cancel);
  if (imageId !== null) await refuseDirectories(api, { ...built, imageId });
}

const historySchema = v.array(v.object({ Id: v.string() }));

/** Its last step comes first. Null where the engine keeps no image of a step. */
async function imageBeforeFiles(
  api: DockerApi,
  { spec, imageId }: Place,
  cancel: AbortSignal,
): Promise<string | null> {
  const steps = v.parse(historySchema, await api.get(`/images/${imageId}/history`, cancel));
  const labels = 1;
  const added = spec.recipe.setup.length + labels;
  const id = steps[added + 1]?.Id ?? '';
  return id.startsWith('sha256:') ? id : null;
}

/** Those that others are below. */
export function directoriesAmong(paths: readonly string[]): string[] {
  const above = new Set(paths.flatMap(directoriesAbove));
  return paths.filter((path) => above.has(path));
}

function directoriesAbove(path: string): string[] {
  const directory = posix.dirname(path);
  return directory === '/' ? [] : [directory, ...directoriesAbove(directory)];
}

function refuse({ profile }: RecipeSpec, paths: readonly string[]): void {
  const [first] = paths;
  if (first === undefined) return;
  throw new SandboxFailure(
    'image-build-failed',
    `the image of profile "${profile}" cannot be built: expected the path of a file in "files", got a directory: ${paths.join(', ')}`,
    { hint: `Write the whole path, with the name of the file: ${first}/NAME.` },
  );
}
