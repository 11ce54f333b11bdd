import type { Recipe } from '../../../../spec/profile/recipe.ts';
import { type Labels, imageLabels, stages } from '../image-labels.ts';

/** In the build context, beside the Dockerfile. */
export const filesArchive = 'files.tar';

/** One line of the Dockerfile, and what to call it while it runs; null where it is over in a moment. */
export interface BuildStep {
  readonly instruction: string;
  readonly description: string | null;
}

interface DockerfileInput {
  readonly recipe: Recipe;
  /** What the base is at this moment; its name may mean another image by the time it is read. */
  readonly baseId?: string;
  /** Names of what is given to the build besides the recipe. */
  readonly buildArgs: readonly string[];
  /** Of the image that comes out. */
  readonly labels?: Labels;
}

/** The text of a Dockerfile. */
export function dockerfileOf(input: DockerfileInput): string {
  return textOf(buildSteps(input));
}

export function textOf(steps: readonly BuildStep[]): string {
  return steps.map(({ instruction }) => `${instruction}\n`).join('');
}

/**
 * What changes often comes last, so that a changed setup task does not install the packages anew; every step in the
 * form that no shell reads twice. The labels of the whole come at the very end: nothing unfinished has them.
 */
export function buildSteps({ recipe, baseId, buildArgs, labels }: DockerfileInput): BuildStep[] {
  const { base, packages, files, environment, setup } = recipe;
  const settings = Object.entries(environment);
  return [
    { instruction: `FROM ${baseId ?? base}`, description: `base ${base}` },
    { instruction: label(partLabels), description: null },
    // A base may have given up root for its tasks; a task's user is always given.
    { instruction: 'USER 0:0', description: null },
    ...buildArgs.filter(isDeclared).map(argument),
    ...(packages.length === 0 ? [] : [install(packages)]),
    ...(settings.length === 0
      ? []
      : [{ instruction: `ENV ${assignments(settings)}`, description: 'environment' }]),
    ...(files.length === 0 ? [] : [add(files)]),
    ...setup.map(({ command, description }) => ({ instruction: run(command), description })),
    ...(labels === undefined ? [] : [{ instruction: label(labels), description: null }]),
  ];
}

/** A step by its place among those that have a name; null where it has none or has not begun. */
export function namedStep(step: number, steps: readonly BuildStep[]) {
  const named = steps.flatMap(({ description }) => (description === null ? [] : [description]));
  const text = steps[step - 1]?.description ?? null;
  const before = steps.slice(0, step).filter(({ description }) => description !== null);
  return text === null ? null : { step: before.length, steps: named.length, text };
}

/** Those of a base that we built must not speak for what is not complete. */
const partLabels: Labels = {
  [imageLabels.stage]: stages.part,
  [imageLabels.profile]: '',
  [imageLabels.recipe]: '',
};

/** The engine knows these by itself, and keeps them out of the image's history as long as they are not declared. */
function isDeclared(name: string): boolean {
  return !/^(https?|ftp|no|all)_proxy$/i.test(name);
}

function argument(name: string): BuildStep {
  return { instruction: `ARG ${name}`, description: `build argument ${name}` };
}

function install(packages: readonly string[]): BuildStep {
  const command = ['/bin/sh', '-euc', installScript, 'install', ...packages];
  return { instruction: run(command), description: 'packages' };
}

/** Refuses to take an index that could not be fetched for "there is no such package". */
const installScript = [
  'if command -v apt-get >/dev/null; then',
  'export DEBIAN_FRONTEND=noninteractive;',
  // An option that older versions do not know is an error, a setting is not.
  'apt-get -o Acquire::Retries=0 -o APT::Update::Error-Mode=any update;',
  // Until the step is done nothing of it counts, so that writing each file through to the disk gains nothing.
  'apt-get -y -o Acquire::Retries=0 -o Dpkg::Options::=--force-unsafe-io',
  'install --no-install-recommends -- "$@";',
  'apt-get clean; rm -rf /var/lib/apt/lists/*;',
  'elif command -v apk >/dev/null; then apk add --no-cache -- "$@";',
  'else echo "sandbox: the base has neither apt-get nor apk" >&2; exit 1; fi',
].join(' ');

/** All of them in one layer, of which an engine stacks only so many; it takes the archive apart by itself. */
function add(files: Recipe['files']): BuildStep {
  const [first] = files;
  const description = files.length === 1 ? `file ${first?.path ?? ''}` : `${files.length} files`;
  return { instruction: `ADD ${json([filesArchive, '/'])}`, description };
}

function run(command: readonly string[]): string {
  return `RUN ${json(command)}`;
}

function label(labels: Labels): string {
  return `LABEL ${assignments(Object.entries(labels))}`;
}

function assignments(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${name}=${quoted(value)}`).join(' ');
}

/** A Dockerfile is read line by line, and JSON has no line breaks of its own. */
function json(words: readonly string[]): string {
  return JSON.stringify(words);
}

/** Of a value, in which a Dockerfile would put other variables. */
function quoted(value: string): string {
  return `"${value.replace(/[\\"$]/g, (char) => `\\${char}`)}"`;
}
