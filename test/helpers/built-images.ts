import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import { dockerDriver } from '../../src/engine/docker/connect.ts';
import { imageLabels } from '../../src/engine/docker/images/image-labels.ts';
import type { CreateContext, ImageProgress, ImageStore } from '../../src/engine/engine.ts';
import { PhaseClock } from '../../src/engine/phase-clock.ts';
import { repositoryOf } from '../../src/spec/profile/image-repository.ts';
import type { Recipe } from '../../src/spec/profile/recipe.ts';
import type { TaskSpec } from '../../src/spec/task-spec.ts';
import { taskSpec } from '../unit/support/task-spec.ts';
import { docker } from './engines.ts';
import { type FaultOf, faultyEngine, respond } from './faulty-engine.ts';
import { Workspace } from './workspace.ts';

export type RecipeTask = TaskSpec & { readonly recipe: Recipe };

/** A task of a profile that no other test has. What is built for it, and what is left of that, goes with the test. */
export function recipeTask(recipe: Partial<Recipe>, changes: Partial<TaskSpec> = {}): RecipeTask {
  const profile = `test-${randomUUID().slice(0, 13)}`;
  const nothing = { packages: [], files: [], setup: [] };
  onTestFinished(() => removeImagesWith(profile), 60_000);
  // By which everything can be found that was built for it.
  const environment = { ...recipe.environment, TEST_PROFILE: profile };
  const whole = { base: 'debian:bookworm-slim', ...nothing, ...recipe, environment };
  return { ...taskSpec({ profile, image: repositoryOf(profile), ...changes }), recipe: whole };
}

export function shell(command: string, description = 'a step'): Recipe['setup'][number] {
  return { description, command: ['/bin/sh', '-euc', command] };
}

/** As `imagesWith` finds them, from the last step to the first. */
export async function removeImagesWith(marker: string): Promise<void> {
  for (let left = await imagesWith(marker), before = 0; left.length !== before;) {
    before = left.length;
    const removals = left.map((id) => docker.getImage(id).remove({ force: true, noprune: true }));
    await Promise.allSettled(removals);
    left = await imagesWith(marker);
  }
}

export async function tagsOf(profile: string): Promise<string[]> {
  const filters = { reference: [`sandbox-${profile}`] };
  const found = await docker.listImages({ filters });
  return found.flatMap(({ RepoTags }) => RepoTags ?? []).sort();
}

export async function imageStore(host: string | null = null): Promise<ImageStore> {
  const cancel = new AbortController().signal;
  const engine = await dockerDriver.connect({ host, context: null, env: {}, cancel });
  onTestFinished(() => engine.close());
  if (!engine.images) throw new Error('expected an engine with images');
  return engine.images;
}

/** A caller who writes down what is told. */
export function listener(cancel = new AbortController().signal) {
  const told: ImageProgress[] = [];
  const warnings: string[] = [];
  const context: CreateContext = {
    cancel,
    phases: new PhaseClock(),
    warn: (message) => warnings.push(message),
    progress: (progress) => told.push(progress),
    secrets: [],
  };
  return { context, told, warnings };
}

/** Ids of everything that was built with this text in its variables, parts as well. */
export async function imagesWith(marker: string): Promise<string[]> {
  const filters = { label: [imageLabels.profile] };
  const images = await docker.listImages({ all: true, filters });
  const inspected = await Promise.all(
    images.map(
      async ({ Id }) =>
        await docker
          .getImage(Id)
          .inspect()
          .catch(() => null),
    ),
  );
  const found = inspected.filter((image) => image?.Config.Env.join().includes(marker));
  return found.map((image) => image?.Id ?? '');
}

/** Resolves once a container runs that has this text in its variables; answers its id. */
export async function containerWith(marker: string): Promise<string> {
  const filters = JSON.stringify({ type: ['container'], event: ['start'] });
  const since = Math.floor(Date.now() / 1000) - 60;
  const events = await docker.getEvents({ filters, since });
  try {
    for await (const line of createInterface({ input: events })) {
      const { id } = JSON.parse(line) as { id: string };
      const found = docker.getContainer(id).inspect();
      const container = await found.catch(() => null);
      // Null where there is none, which the type declarations do not know.
      const variables = container?.Config.Env as readonly string[] | null | undefined;
      if (variables?.join().includes(marker) === true) return id;
    }
    throw new Error('the engine went away');
  } finally {
    (events as { destroy?: () => void }).destroy?.();
  }
}

/** The real engine where nobody else's builds are seen. */
export async function engineWithoutOthers(): Promise<ImageStore> {
  return await imageStore(await engineUnderAnotherName());
}

/** The same, and it knows of no images of ours but those with this text, so that pruning leaves all others alone. */
export async function engineThatKnowsOnly(marker: string): Promise<ImageStore> {
  const list = async (connection: Duplex) => {
    const [known, images] = await Promise.all([
      imagesWith(marker),
      docker.listImages({ all: true }),
    ]);
    respond(200, JSON.stringify(images.filter(({ Id }) => known.includes(Id))))(connection);
  };
  const address = await engineUnderAnotherName((call) =>
    /^GET \S*\/images\/json/.test(call) ? (connection) => void list(connection) : null,
  );
  return await imageStore(address);
}

/**
 * The address of the real engine with another name of its own, so that nobody else's builds are seen on it: while there
 * are some, nothing is removed that they could be about to use.
 */
async function engineUnderAnotherName(faultOf: FaultOf = () => null): Promise<string> {
  const { root } = await Workspace.create();
  const path = join(root, 'engine.sock');
  const introduce = async (connection: Duplex) => {
    const info = (await docker.info()) as object;
    respond(200, JSON.stringify({ ...info, Name: root }))(connection);
  };
  const engine = await faultyEngine(path, (call) =>
    /^GET \S*\/info$/.test(call) ? (connection) => void introduce(connection) : faultOf(call),
  );
  onTestFinished(() => engine.close());
  return `unix://${path}`;
}

/** A profile of the caller's own, for the command line; answers the environment that finds it. */
export async function writeProfile(
  root: string,
  profile: Readonly<Record<string, unknown>> & { readonly name: string },
) {
  const config = join(root, 'config');
  const folder = join(config, 'sandbox', 'profiles');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${profile.name}.json`), JSON.stringify(profile));
  return { XDG_CONFIG_HOME: config, XDG_STATE_HOME: join(root, 'state') };
}
