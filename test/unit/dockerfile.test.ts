import { describe, expect, test } from 'vitest';
import {
  builtLabels,
  builtReference,
  ownReferences,
} from '../../src/engine/docker/images/build/built-reference.ts';
import { directoriesAmong } from '../../src/engine/docker/images/build/check-files.ts';
import {
  buildSteps,
  dockerfileOf,
  namedStep,
} from '../../src/engine/docker/images/build/dockerfile.ts';
import type { Recipe } from '../../src/spec/profile/recipe.ts';
import { taskSpec } from './support/task-spec.ts';

const file = { path: '/etc/motd', mode: '0644', base64: '' };
const recipe: Recipe = {
  base: 'debian:bookworm-slim',
  packages: ['git', 'curl'],
  files: [file],
  environment: { B: '2', A: '1' },
  setup: [{ description: 'a user', command: ['useradd', 'x'] }],
};

function linesFor(changes: Partial<Recipe>, buildArgs: string[] = []): string[] {
  return dockerfileOf({ recipe: { ...recipe, ...changes }, buildArgs }).split('\n');
}

describe('a Dockerfile', () => {
  test('has what changes often last', () => {
    const keywords = linesFor({}, ['MIRROR']).map((line) => line.split(' ')[0]);
    expect(keywords).toEqual(['FROM', 'LABEL', 'USER', 'ARG', 'RUN', 'ENV', 'ADD', 'RUN', '']);
  });

  test('starts from the base that was looked up, and says its name', () => {
    const [first] = buildSteps({ recipe, baseId: 'sha256:ab', buildArgs: [] });
    expect(first).toEqual({
      instruction: 'FROM sha256:ab',
      description: 'base debian:bookworm-slim',
    });
  });

  test('ends with the labels, so that nothing unfinished has them', () => {
    const labels = { 'sandbox-run.profile': 'x' };
    const last = buildSteps({ recipe, buildArgs: [], labels }).at(-1);
    expect(last?.instruction).toBe('LABEL sandbox-run.profile="x"');
  });

  test('gives the packages as arguments, never as a shell line', () => {
    const [line = ''] = linesFor({}).filter((each) => each.includes('apt-get'));
    const words = JSON.parse(line.slice('RUN '.length)) as string[];
    expect(words.slice(0, 2)).toEqual(['/bin/sh', '-euc']);
    expect(words.slice(3)).toEqual(['install', 'git', 'curl']);
  });

  test('declares no proxy, which would then be kept in the image', () => {
    const lines = linesFor({}, ['http_proxy', 'HTTPS_PROXY', 'no_proxy', 'HTTP_PROXY_USER']);
    expect(lines.filter((line) => line.startsWith('ARG'))).toEqual(['ARG HTTP_PROXY_USER']);
  });

  test('is one line for each step, whatever is in it', () => {
    const odd = 'a\nRUN b\\\n$X "q" \'p\' ü\u2028';
    const lines = linesFor({
      setup: [{ description: 'odd', command: ['sh', '-c', odd] }],
      environment: { X: '$HOME "q" \\' },
    });
    expect(lines).toHaveLength(8);
    expect(lines[4]).toBe('ENV X="\\$HOME \\"q\\" \\\\"');
    expect(JSON.parse(lines[6]?.slice('RUN '.length) ?? '')).toEqual(['sh', '-c', odd]);
  });

  test('has one step for all files, since engines stack only so many layers', () => {
    const files = Array.from({ length: 300 }, (_, index) => ({ ...file, path: `/opt/${index}` }));
    const steps = (some: Recipe['files']) =>
      buildSteps({ recipe: { ...recipe, files: some }, buildArgs: [] })
        .filter(({ instruction }) => instruction.startsWith('ADD'))
        .map(({ description }) => description);
    expect(steps(files)).toEqual(['300 files']);
    expect(steps([file])).toEqual(['file /etc/motd']);
  });

  test('has no step for what there is not', () => {
    const nothing = { packages: [], files: [], environment: {}, setup: [] };
    expect(linesFor(nothing).map((line) => line.split(' ')[0])).toEqual([
      'FROM',
      'LABEL',
      'USER',
      '',
    ]);
  });
});

test('a file cannot be where others have their directory', () => {
  const paths = ['/a/b/c', '/a', '/a/b', '/a/bc', '/d'];
  expect(directoriesAmong(paths)).toEqual(['/a', '/a/b']);
});

test('What the recipe says has a name and a place among all that does, labels have none', () => {
  const labels = { 'sandbox-run.profile': 'x' };
  const steps = buildSteps({ recipe, buildArgs: ['MIRROR'], labels });
  const told = steps.map((_, index) => namedStep(index + 1, steps)).filter((step) => step !== null);
  const names = ['base debian:bookworm-slim', 'build argument MIRROR', 'packages', 'environment'];
  expect(told).toEqual(
    [...names, 'file /etc/motd', 'a user'].map((text, index) => ({
      step: index + 1,
      steps: 6,
      text,
    })),
  );
  expect(namedStep(0, steps)).toBeNull();
});

describe('the name of a built image', () => {
  const named = (changes: Partial<Parameters<typeof builtReference>[0]>, baseId = 'sha256:1') =>
    builtReference({ ...taskSpec({ image: 'sandbox-mine' }), recipe, ...changes }, baseId);

  test('has the profile and sixteen hexadecimal digits', () => {
    expect(named({})).toMatch(/^sandbox-mine:[0-9a-f]{16}$/);
  });

  test('is the same for the same, in whatever order its variables are', () => {
    expect(named({ recipe: { ...recipe, environment: { A: '1', B: '2' } } })).toBe(named({}));
  });

  test.each([
    ['base', {}, 'sha256:2'],
    ['platform', { platform: 'linux/arm64' }, 'sha256:1'],
    ['step', { recipe: { ...recipe, setup: [] } }, 'sha256:1'],
    ['order of packages', { recipe: { ...recipe, packages: ['curl', 'git'] } }, 'sha256:1'],
  ])('is another one for another %s', (_, changes, baseId) => {
    expect(named(changes, baseId)).not.toBe(named({}));
  });

  test('is ours only where the labels call for it', () => {
    const spec = { ...taskSpec({ image: 'sandbox-mine' }), recipe };
    const [labels, own] = [builtLabels(spec, 'sha256:1'), named({})];
    const others = ['sandbox-mine:mine', 'sandbox-mine:0123456789abcdef', own.replace('mine', 'x')];
    const RepoTags = [own, ...others, `localhost/${own}`, 'sandbox-mine:minimal'];
    expect(ownReferences({ RepoTags, Labels: labels })).toEqual([own, `localhost/${own}`]);
    const minimal = { 'sandbox-run.profile': 'mine', 'sandbox-run.minimal': 'true' };
    expect(ownReferences({ RepoTags, Labels: minimal })).toEqual(['sandbox-mine:minimal']);
    expect(ownReferences({ RepoTags, Labels: null })).toEqual([]);
    expect(ownReferences({ RepoTags: null, Labels: labels })).toEqual([]);
  });
});
