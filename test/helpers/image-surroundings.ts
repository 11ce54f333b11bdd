import { onTestFinished } from 'vitest';
import { DockerApi } from '../../src/engine/docker/docker-api.ts';
import type { CreateContext, ImageProgress } from '../../src/engine/engine.ts';
import { PhaseClock } from '../../src/engine/phase-clock.ts';
import { docker } from './engines.ts';

/** The real engine, as the program speaks to it. */
export function realApi(url = 'unix:///var/run/docker.sock'): DockerApi {
  const api = new DockerApi({ url, origin: 'test', tls: null });
  api.useVersion('1.41');
  return api;
}

/** What an engine is given to make images with, and what it told. */
export function imageSurroundings() {
  const controller = new AbortController();
  const warnings: string[] = [];
  const progress: ImageProgress[] = [];
  const context: CreateContext = {
    cancel: controller.signal,
    phases: new PhaseClock(),
    warn: (message) => void warnings.push(message),
    progress: (told) => void progress.push(told),
    secrets: [],
  };
  return { context, controller, warnings, progress };
}

/** Removes an image when the test ends, if it is there. */
export function removedAfterwards(reference: string): string {
  onTestFinished(async () => {
    await docker
      .getImage(reference)
      .remove({ force: true })
      .catch(() => undefined);
  });
  return reference;
}
