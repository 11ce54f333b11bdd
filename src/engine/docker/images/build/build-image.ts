import type { CreateContext } from '../../../engine.ts';
import { type DockerApi, callLimitsMs } from '../../docker-api.ts';
import { abandonBuild } from './abandon-build.ts';
import { BuildFailure } from './build-failure.ts';
import { BuildLog } from './build-log.ts';
import { BuildTranscript } from './build-transcript.ts';
import { builtLabels } from './built-reference.ts';
import { refuseDirectories, refusePackagedDirectories } from './check-files.ts';
import { type Build, endedWithoutImage, followBuild, stepsOf } from './follow-build.ts';
import { imageLabels } from '../image-labels.ts';
import { inspectImage } from '../pull/pull.ts';
import { splitReference } from '../pull/registry-reference.ts';
import { withRetries } from '../retry.ts';

/** Answers the id of the image. */
export async function buildImage(
  api: DockerApi,
  build: Build,
  context: CreateContext,
): Promise<string> {
  const log = await BuildLog.create(build.spec.profile);
  try {
    return await withRetries(() => attempt(api, { build, log }, context), {
      isTransient: (error) => error instanceof BuildFailure && error.isPassing,
      cancel: context.cancel,
      onRetry: (error, afterMs) =>
        context.progress({ kind: 'retry', reason: (error as BuildFailure).message, afterMs }),
    });
  } finally {
    await log.close();
  }
}

async function attempt(
  api: DockerApi,
  { build, log }: { build: Build; log: BuildLog },
  context: CreateContext,
): Promise<string> {
  const steps = stepsOf(build);
  const transcript = new BuildTranscript(steps.length, build.baseId);
  const attempted = { build, steps, transcript, log };
  const { spec, baseId } = build;
  try {
    await refuseDirectories(api, { spec, imageId: baseId });
    await followBuild(api, attempted, context);
    context.cancel.throwIfAborted();
    const built = { spec, imageId: transcript.imageId ?? '' };
    await refusePackagedDirectories(api, built, context.cancel);
    return await nameIt(api, build, transcript);
  } catch (error) {
    // What a failed step came after is kept, so that the next attempt need not do it again.
    if (!(error instanceof BuildFailure)) {
      await abandonBuild(api, attempted).catch(() => undefined);
    }
    throw error;
  }
}

/** Only what is what it should be gets the name, and only once it is complete. */
async function nameIt(
  api: DockerApi,
  { spec, baseId, reference }: Build,
  { imageId }: BuildTranscript,
): Promise<string> {
  const image = await inspectImage(api, imageId ?? '', new AbortController().signal);
  const recipe = builtLabels(spec, baseId)[imageLabels.recipe];
  // From API 1.52 on what is empty is left out.
  const found = image?.Config.Labels as Readonly<Record<string, string>> | null | undefined;
  if (found?.[imageLabels.recipe] !== recipe) throw endedWithoutImage();
  const { fromImage: repo, tag } = splitReference(reference);
  await api.call(callLimitsMs.quick, (abortSignal) =>
    api.docker.getImage(image?.Id ?? '').tag({ repo, tag: tag ?? 'latest', abortSignal }),
  );
  return image?.Id ?? '';
}
