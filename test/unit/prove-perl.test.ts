import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { battery } from '../../src/prove/battery.ts';
import { readFindings } from '../../src/prove/findings.ts';
import { networkPerl, perl } from '../../src/prove/perl.ts';

const usable = ['x64', 'arm64'].includes(process.arch) && process.platform === 'linux';

/** What a program of a probe says, run here. */
async function findingsOf(program: string) {
  return readFindings((await execa('perl', ['-e', program], { reject: false })).stdout);
}

const attempt = (work: string) => perl(`attempt('it', sub { ${work} });`);

const programs = battery.flatMap(({ name, task }) =>
  task.language === 'perl' ? [[name, task.program] as const] : [],
);

test.skipIf(!usable).each(programs)('the program of %s is one', async (_, program) => {
  expect(await execa('perl', ['-c', '-e', program])).toMatchObject({ stderr: '-e syntax OK' });
});

describe.skipIf(!usable)('an attempt', () => {
  test.each([
    ['that fails', '0'],
    ['that a filter kills', "kill 'SYS', $$; pause(9)"],
    ['that its own clock ends', 'alarm 1; pause(9)'],
  ])('%s was made', async (_, work) => {
    const findings = await findingsOf(attempt(work));
    expect(findings).toMatchObject({ tried: ['it'], untried: [], broke: [], isComplete: true });
  });

  test('that succeeds broke it', async () => {
    expect(await findingsOf(attempt('1'))).toMatchObject({ tried: ['it'], broke: ['it'] });
  });

  test.each([
    ['that dies', 'die "no such function"'],
    ['that is killed', "kill 'KILL', $$; pause(9)"],
    ['that ends by itself', 'exit 3'],
  ])('%s was not made', async (_, work) => {
    const findings = await findingsOf(attempt(work));
    expect(findings).toMatchObject({ tried: [], untried: ['it'], broke: [], isComplete: true });
  });

  test('for which no process could be started was not made', async () => {
    const withoutFork = 'BEGIN { *CORE::GLOBAL::fork = sub { return undef } }';
    const findings = await findingsOf(`${withoutFork}\n${attempt('0')}`);
    expect(findings).toMatchObject({ tried: [], untried: ['it'], broke: [] });
  });

  test('at an address that cannot be understood was not made', async () => {
    const program = "outcome('TCP', reach_tcp(0.1, 'x', ['1:2:3:80', '1:2:3', 80]));";
    expect(await findingsOf(networkPerl(program))).toMatchObject({
      tried: [],
      untried: ['TCP 1:2:3:80'],
    });
  });
});
