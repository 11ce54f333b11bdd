import { describe, expect, test } from 'vitest';
import { checkEnvironment, parseEnvFile, parseEnvFlag } from '../../src/spec/environment.ts';
import { Problems } from '../../src/spec/problems.ts';
import { problemsOf } from './support/failure.ts';

const callerEnv = { PRESENT: 'mine', EMPTY: '' };

/** Throws where there are problems. */
function readFlag(text: string): Record<string, string> {
  const problems = new Problems();
  const environment = parseEnvFlag(text, callerEnv, problems);
  problems.throwIfAny();
  return environment;
}

function readFile(text: string): Record<string, string> {
  const problems = new Problems();
  const environment = parseEnvFile({ path: 'vars', text }, callerEnv, problems);
  problems.throwIfAny();
  return environment;
}

describe('-e', () => {
  test.each<[string, Record<string, string>]>([
    ['A=1', { A: '1' }],
    ['A=', { A: '' }],
    ['A=b=c', { A: 'b=c' }],
    ['A= x ', { A: ' x ' }],
    ['A="x"', { A: '"x"' }],
    ['PRESENT', { PRESENT: 'mine' }],
    ['EMPTY', { EMPTY: '' }],
    ['PRESENT=other', { PRESENT: 'other' }],
  ])('"%s" gives %j', (text, environment) => {
    expect(readFlag(text)).toEqual(environment);
  });

  test('A name that the caller does not have is a problem', async () => {
    expect(await problemsOf(() => readFlag('ABSENT'))).toEqual([
      '--env: ABSENT has no value and is not set in your environment; use ABSENT=…',
    ]);
  });

  test.each([
    ['', ''],
    ['=x', '=…'],
  ])(`"%s" has no name and is a problem`, async (text, shown) => {
    const expected = `--env: expected NAME=VALUE or NAME, got ${JSON.stringify(shown)}`;
    expect(await problemsOf(() => readFlag(text))).toEqual([expected]);
  });
});

describe('--env-file', () => {
  test.each<[string, string, Record<string, string>]>([
    [
      'values up to the end of the line',
      'A=1\nB=two words = two\n',
      { A: '1', B: 'two words = two' },
    ],
    ['quotes as a part of the value', `A="x"\nB='y'`, { A: '"x"', B: "'y'" }],
    ['comments and empty lines as nothing', '# A=1\n\n  # B=2\nC=3 # kept', { C: '3 # kept' }],
    ['Windows line ends and a byte order mark', '\uFEFFA=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['space before a name as nothing, after it as a value', '  A=1 \n', { A: '1 ' }],
    ['a bare name as the value of the caller', 'PRESENT\n', { PRESENT: 'mine' }],
    ['a bare name that the caller does not have as nothing', 'ABSENT\n', {}],
    ['the last one of the same name', 'A=1\nA=2', { A: '2' }],
    ['an empty file', '', {}],
  ])('reads %s', (_, text, environment) => {
    expect(readFile(text)).toEqual(environment);
  });

  test('Each line that is no variable is a problem with its number', async () => {
    expect(await problemsOf(() => readFile('A=1\n=x\n\nexport B=2\nA B\nC\0=1'))).toEqual([
      'vars:2: expected NAME=VALUE, got "=…"',
      'vars:4: expected NAME=VALUE, got "export …"',
      'vars:5: expected NAME=VALUE, got "A …"',
      `vars:6: expected NAME=VALUE, got ${JSON.stringify('C\0=…')}`,
    ]);
  });
});

test.each<Record<string, string>>([{ '': 'x' }, { 'A=B': 'x' }, { 'A\0': 'x' }, { A: 'x\0' }])(
  'The record %j cannot be an environment',
  async (environment) => {
    const problems = new Problems();
    checkEnvironment(environment, 'f.json: env', problems);
    const [problem] = await problemsOf(() => problems.throwIfAny());
    expect(problem).toContain("f.json: env: expected a variable's name and text without NUL");
  },
);
