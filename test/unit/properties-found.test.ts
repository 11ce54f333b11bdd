import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { failureOf, problemsOf } from './support/failure.ts';
import { Surroundings } from './support/surroundings.ts';

// What generated cases found once, and may not find with every seed.

test.each(['constructor', 'toString', '__proto__'])(
  'A secret called %s is none that the caller has',
  async (name) => {
    const around = await Surroundings.create();
    const [problem] = await problemsOf(() => around.resolve({ secrets: [name] }));
    expect(problem).toContain(`expected the name of a variable that is set, or ${name}=@FILE`);
  },
);

test.each(['\0', '\ud800'])('A label with %j in it makes a config file unusable', async (part) => {
  const around = await Surroundings.create();
  await around.writeUserConfig({ labels: { team: `a${part}` } });
  const failure = await failureOf(() => around.resolve());
  expect(failure.code).toBe('config-unreadable');
  expect(failure.message).toContain('"labels": expected text without NUL');
});

test('A NUL in the value of an env file is a problem, and the value is not told', async () => {
  const around = await Surroundings.create();
  await writeFile(join(around.workspace, 'x.env'), 'A=hunter2\0\n');
  const problems = await problemsOf(() => around.resolve({ environmentFiles: ['x.env'] }));
  expect(problems).toEqual(['x.env:1: expected text without NUL as the value of A']);
});
