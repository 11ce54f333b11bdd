import * as v from 'valibot';
import { SandboxFailure } from '../../../../failure.ts';
import type { TaskSpec } from '../../../../spec/task-spec.ts';
import type { CreateContext, ImageFacts } from '../../../engine.ts';
import { roundMs } from '../../../phase-clock.ts';
import type { DockerApi } from '../../docker-api.ts';
import { toolLabels } from '../../labels.ts';
import { minimalReference } from '../build/built-reference.ts';
import { imageLabels } from '../image-labels.ts';
import { importArchive } from './import.ts';
import { minimalArchive } from './minimal-archive.ts';
import { findBusybox } from './minimal-busybox.ts';
import { fitsPlatform } from '../pull/pull-platform.ts';
import { inspectImage } from '../pull/pull.ts';
import { removeReplacedStandIn } from '../store/remove-replaced.ts';

/** Makes an image with a shell and core tools of the static busybox of this host. */
export async function buildMinimal(
  api: DockerApi,
  spec: TaskSpec,
  context: CreateContext,
): Promise<ImageFacts> {
  const startMs = performance.now();
  const reference = minimalReference(spec.profile);
  const making = { what: 'build', reference, platform: spec.platform } as const;
  context.progress({ kind: 'begin', ...making });
  const architecture = await architectureFor(api, spec, context.cancel);
  const busybox = await findBusybox(architecture, process.env);
  const archive = await minimalArchive(busybox, expectsBash(spec));
  const changes = changesFor(spec);
  const before = await inspectImage(api, reference, context.cancel);
  const { id } = await importArchive(api, { archive, reference, changes }, context);
  if (before && before.Id !== id) await removeReplacedStandIn(api, before.Id, context.cancel);
  context.progress({ kind: 'end', ...making });
  return factsOf(reference, { id, preparedMs: roundMs(performance.now() - startMs) });
}

const versionSchema = v.object({ Arch: v.string() });

/** That of the engine: an image that is made of this host's programs cannot be for any other. */
async function architectureFor(
  api: DockerApi,
  { platform }: TaskSpec,
  cancel: AbortSignal,
): Promise<string> {
  const { Arch } = v.parse(versionSchema, await api.get('/version', cancel));
  if (fitsPlatform({ Os: 'linux', Architecture: Arch }, platform)) return Arch;
  throw new SandboxFailure(
    'image-wrong-platform',
    `expected no --platform or linux/${Arch} for a minimal image, got ${platform ?? ''}`,
    { hint: "It is made of this host's busybox, for the engine's own platform." },
  );
}

function factsOf(
  reference: string,
  { id, preparedMs }: { id: string; preparedMs: number },
): ImageFacts {
  const plain = { digest: null, recipe: null, origin: 'built', minimal: true } as const;
  return { ...plain, reference, id, preparedMs };
}

/** A profile whose shell is bash gets a bash that is only a sh, so that its tasks can start at all. */
function expectsBash({ recipe, command }: TaskSpec): boolean {
  const commands = [command, ...(recipe?.setup ?? []).map((step) => step.command)];
  const isNamed = commands.some(([program = '']) => ['bash', bashPath].includes(program));
  return isNamed || recipe?.packages.includes('bash') === true;
}

const bashPath = '/bin/bash';

function changesFor({ profile, recipe }: TaskSpec): string[] {
  const labels = { ...toolLabels(), [imageLabels.profile]: profile, [imageLabels.minimal]: 'true' };
  const environment = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...recipe?.environment,
  };
  const pairs = (keyword: string, values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([name, value]) => `${keyword} ${name}=${quoted(value)}`);
  return [...pairs('LABEL', labels), ...pairs('ENV', environment), 'CMD ["/bin/sh"]'];
}

/** Of a value, in which a Dockerfile would put other variables. */
function quoted(value: string): string {
  return `"${value.replace(/[\\"$]/g, (char) => `\\${char}`)}"`;
}
