import { describe, expect, test } from 'vitest';
import { readArgs, readMixedArgs } from '../../src/cli/read-argv.ts';
import { wordProblems } from '../../src/commands/words.ts';
import { nearestOf } from '../../src/spec/nearest.ts';
import { imageBuildFlags, runFlags } from '../../src/commands/flags.ts';
import { lines } from './support/failure.ts';

const read = (...argv: string[]) => readArgs(argv, runFlags);

describe('where the command starts', () => {
  test.each([
    ['at the first word that is no option', ['-q', 'ls', '-la'], ['ls', '-la']],
    ['after --', ['-q', '--', 'ls', '-la'], ['ls', '-la']],
    ['after --, though it looks like an option', ['--', '-q', '--json'], ['-q', '--json']],
    ['after the first -- only', ['--', 'npm', '--', 'x'], ['npm', '--', 'x']],
    ['and a later -- is its own', ['npm', 'run', '--', 'x'], ['npm', 'run', '--', 'x']],
    ['at a lone dash', ['-q', '-', 'x'], ['-', 'x']],
    ['at an empty word', ['', 'x'], ['', 'x']],
    ['behind the value of an option', ['--memory', '1g', 'ls'], ['ls']],
    ['behind the value of a short option', ['-m', '1g', 'ls'], ['ls']],
    ['nowhere', ['-q'], []],
    ['nowhere behind --', ['-q', '--'], []],
  ])('It starts %s', (_, argv, rest) => {
    expect(read(...argv)).toMatchObject({ rest, problems: [] });
  });

  test('Nothing of the command is read as ours', () => {
    const { values, problems } = read('ls', '-q', '--memory=1g', '--unknown');
    expect(values).toEqual({});
    expect(problems).toEqual([]);
  });
});

describe('values', () => {
  test.each<[string[], Record<string, unknown>]>([
    [['--memory', '1g'], { memory: '1g' }],
    [['--memory=1g'], { memory: '1g' }],
    [['-m', '1g'], { memory: '1g' }],
    [['-m1g'], { memory: '1g' }],
    [['--memory=-1'], { memory: '-1' }],
    [['--memory', '-1'], { memory: '-1' }],
    [['-m', '-1'], { memory: '-1' }],
    [['--receipt='], { receipt: '' }],
    [['--receipt', ''], { receipt: '' }],
    [['--label', 'a=b=c'], { label: ['a=b=c'] }],
    [['--id', '007'], { id: '007' }],
    [['--cpus', '0x10'], { cpus: '0x10' }],
    [['--timeout', '1e3'], { timeout: '1e3' }],
    [['--user', '1.10'], { user: '1.10' }],
    [['-q'], { quiet: true }],
    [['--quiet', '-i'], { quiet: true, interactive: true }],
    [['-qi'], { quiet: true, interactive: true }],
    [['-qm', '1g'], { quiet: true, memory: '1g' }],
    [['-qm1g'], { quiet: true, memory: '1g' }],
    [['-qe', '-1'], { quiet: true, env: ['-1'] }],
  ])('%j gives %j', (argv, values) => {
    expect(read(...argv, 'ls')).toEqual({ values, rest: ['ls'], problems: [], doubtful: 0 });
  });

  test('Of one that is given twice the last one counts', () => {
    expect(read('-m', '1g', '--memory=2g', '-q', '-q').values).toEqual({
      memory: '2g',
      quiet: true,
    });
  });

  test('One that may repeat keeps all its values in order', () => {
    const { values } = read('-e', 'A=1', '-eB=2', '--env=C', '--env', 'A=3', 'ls', '-e', 'D');
    expect(values).toEqual({ env: ['A=1', 'B=2', 'C', 'A=3'] });
  });

  test('An alias sets the flag that it stands for', () => {
    expect(read('--name', '007', 'ls').values).toMatchObject({ id: '007' });
  });
});

describe('problems', () => {
  test.each([
    [['--memroy', '1g'], '--memroy: unknown option, did you mean --memory?'],
    [['--pid-limit=5'], '--pid-limit: unknown option, did you mean --pids-limit?'],
    [['--nam=5'], '--nam: unknown option, did you mean --name?'],
    [
      ['--privileged'],
      '--privileged: there is no such mode: it would remove all isolation. Keep single capabilities with --cap-add',
    ],
    [['--xyzzy-frobnicate'], '--xyzzy-frobnicate: unknown option'],
    [['-z'], '-z: unknown option'],
    [['-qz'], '-z: unknown option'],
    [['--no-rm'], '--no-rm: unknown option'],
    [['--constructor'], '--constructor: unknown option'],
    [['--__proto__=x'], '--__proto__: unknown option'],
    [['--json=true'], '--json: expected no value, got "true"'],
    [['--json='], '--json: expected no value, got ""'],
    [['--memory'], '--memory: expected a value (SIZE), got none'],
    [['-qm'], '-m: expected a value (SIZE), got none'],
  ])('%j is one: %s', (argv, problem) => {
    expect(lines(read(...argv).problems)).toEqual([problem]);
  });

  test('All of them are found, and the rest is still read', () => {
    const { values, problems } = read('--a1', '-q', '--b2', '--memory=1g', '--rm=x', 'ls');
    expect(problems.map(({ subject }) => subject)).toEqual(['--a1', '--b2', '--rm']);
    expect(values).toEqual({ quiet: true, memory: '1g' });
  });
});

describe('the table of flags', () => {
  test('No name, alias or letter stands for two flags', () => {
    const names = runFlags.flatMap(({ name, alias, short }) =>
      [name, alias, short].filter((one) => one !== undefined),
    );
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

test.each([
  ['rnu', ['run', 'config'], 'run'],
  ['confg', ['run', 'config'], 'config'],
  ['deploy', ['run', 'config'], null],
  ['x', [], null],
  ['memory-limit', ['memory', 'timeout'], 'memory'],
  ['memory_limit', ['memory', 'timeout'], 'memory'],
  ['memoryLimit', ['memory', 'timeout'], 'memory'],
  ['PIDS_LIMIT', ['memory', 'pidsLimit'], 'pidsLimit'],
  ['--memory-limit', ['--memory', '--timeout'], '--memory'],
  ['limit-memory', ['memory'], null],
  ['rx', ['rw', 'copy'], 'rw'],
  // What shares not one letter is no slip.
  ['x', ['rw', 'ro', 'copy'], null],
  ['ab', ['rw', 'ro', 'copy'], null],
])('The nearest to "%s" of %j is %s', (word, names, nearest) => {
  expect(nearestOf(word, names)).toBe(nearest);
});

describe('a command that runs none', () => {
  const readMixed = (...argv: string[]) => readMixedArgs(argv, imageBuildFlags);

  test.each<[string[], string[], Record<string, unknown>]>([
    [['base', '--no-cache'], ['base'], { 'no-cache': true }],
    [['--no-cache', 'base', 'builder'], ['base', 'builder'], { 'no-cache': true }],
    [['a', '--build-arg', 'A=-1', 'b', '-q'], ['a', 'b'], { 'build-arg': ['A=-1'], quiet: true }],
    [['a', '--build-arg=A', '--build-arg', 'B'], ['a'], { 'build-arg': ['A', 'B'] }],
    [['a', '--', '--no-cache'], ['a', '--no-cache'], {}],
    [[], [], {}],
  ])('%j has the words %j and the options %j', (argv, rest, values) => {
    expect(readMixed(...argv)).toEqual({ rest, values, problems: [], doubtful: 0 });
  });

  test('An option that is not known is a problem wherever it stands', () => {
    expect(lines(readMixed('base', '--no-cahce').problems)).toEqual([
      '--no-cahce: unknown option, did you mean --no-cache?',
    ]);
  });

  test.each([
    // Whether the word was to be its value is not known, so that one word is as good as two.
    [['--build-agr', 'A=1', 'base'], ['--build-agr']],
    [['base', '--build-agr', 'A=1'], ['--build-agr']],
    [['--no-cahce', 'base'], ['--no-cahce']],
    [['-z', '4', 'base'], ['-z']],
    [
      ['--network', 'none', '--id', 'x', 'base'],
      ['--network', '--id'],
    ],
    // Here it is known.
    [
      ['--build-agr=A=1', 'base', 'other'],
      ['--build-agr', 'image build'],
    ],
    [
      ['--build-agr', 'A=1', 'base', 'other'],
      ['--build-agr', 'image build'],
    ],
    [['--build-agr=A=1'], ['--build-agr', 'image build']],
    [
      ['base', 'other', '--no-cahce'],
      ['--no-cahce', 'image build'],
    ],
    [
      ['base', '--no-cahce', '--', 'other'],
      ['--no-cahce', 'image build'],
    ],
  ])('%j: what follows an unknown option is no second problem', (argv, subjects) => {
    const args = readMixed(...argv);
    const problems = wordProblems(args, { command: 'image build', names: ['NAME'] });
    expect(problems.map(({ subject }) => subject)).toEqual(subjects);
  });
});
