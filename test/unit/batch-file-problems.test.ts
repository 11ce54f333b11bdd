import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { batchOf } from './support/batch-file.ts';
import { failureOf, problemsOf } from './support/failure.ts';
import { Surroundings, layerOf } from './support/surroundings.ts';

test('Every problem of every task is told at once, each with its line', async () => {
  const text = [
    '{"line": "a", "memory": "12x", "cpus": "many"}',
    'nonsense',
    '{"line": "b"}',
    '{"memroy": "1g", "command": "ls", "env": {"A": ["x"]}, "line": "c"}',
    '{"memory": "64m"}',
    '"make"',
    '{"line": "d", "engine": "docker", "host": "x", "stdin": true}',
    '{"line": "e", "env": {"A=B": "1"}, "mounts": ["source=missing,target=relative"]}',
    '{"line": "f", "line": "g"}',
    '{"command": []}',
  ].join('\n');
  expect(await problemsOf(() => batchOf(text))).toEqual([
    'line 1: memory: expected a size such as 512m or 2g, got "12x"',
    'line 1: cpus: expected a number of CPUs such as 0.5 or 2 (at least 0.01), got "many"',
    expect.stringMatching(/^line 2: expected JSON, found a mistake/),
    'line 4: memroy: unknown key, did you mean memory?',
    'line 4: command: expected a list of texts, got "ls"',
    'line 4: env: expected an object with texts in it, got an object with a list as "A"',
    'line 5: command: expected "command", a list of words, or "line", a shell line; got neither',
    'line 6: expected an object, or a list of words (a command); a shell line is {"line": "…"}; got "make"',
    'line 7: engine: it is for the whole batch: give --engine on the command line',
    'line 7: host: it is for the whole batch: give --host on the command line',
    'line 7: stdin: a task of a batch has no standard input',
    expect.stringMatching(/^line 8: env: expected names that are not empty and have no "="/),
    expect.stringMatching(/^line 8: mounts: /),
    'line 9: line: expected each key once',
    'line 10: command: expected "command", a list of words, or "line", a shell line; got an empty list',
  ]);
});

test('What may be a secret is in no message, whatever is wrong with it', async () => {
  const secret = 'hunter2';
  const entries = [
    { env: { PASSWORD: secret, A: ['x'] } },
    { env: `PASSWORD=${secret}` },
    { env: [`PASSWORD=${secret}`] },
    { env: { [`PASSWORD=${secret}`]: '1' } },
    { env: { PASSWORD: `${secret}\0`, A: '1' } },
    { buildArgs: { TOKEN: secret, A: null } },
    { secrets: { TOKEN: secret } },
    { secrets: [`TOKEN=${secret}`] },
  ];
  const text = entries.map((entry) => JSON.stringify({ line: 'x', ...entry })).join('\n');
  const problems = await problemsOf(() => batchOf(text));
  expect(problems).toEqual([
    'line 1: env: expected an object with texts in it, got an object with a list as "A"',
    'line 2: env: expected an object with texts in it, got text',
    'line 3: env: expected an object with texts in it, got a list',
    'line 4: env: expected names that are not empty and have no "=", got "PASSWORD=…"',
    'line 5: env: expected text without NUL and without half characters, got an object with other text as "PASSWORD"',
    'line 6: buildArgs: expected an object with texts in it, got an object with null as "A"',
    'line 7: secrets: expected a list of texts, got an object',
    'line 8: secrets: expected NAME (of a variable) or NAME=@FILE, got "TOKEN=…"',
  ]);
});

test('Of a long text the beginning is told, and how long it is', async () => {
  const entries = [
    { line: 'x', memory: 'm'.repeat(5000) },
    { line: 'x', volumes: 'v'.repeat(5000) },
    '😀'.repeat(5000),
  ];
  const text = entries.map((entry) => JSON.stringify(entry)).join('\n');
  expect(await problemsOf(() => batchOf(text))).toEqual([
    `line 1: memory: expected a size such as 512m or 2g, got "${'m'.repeat(80)}…" (5000 characters)`,
    `line 2: volumes: expected a list of texts, got "${'v'.repeat(79)}… (5002 characters)`,
    expect.stringMatching(/got "(😀){39}… \(10002 characters\)$/u),
  ]);
});

test('Of very many problems the first are told and the others counted', async () => {
  const failure = await failureOf(() => batchOf('{"line": "x", "memory": "1"}\n'.repeat(60)));
  expect(failure.message).toBe('60 problems in standard input, nothing was started');
  expect(failure.problems).toHaveLength(51);
  expect(failure.problems[49]?.subject).toBe('line 50: memory');
  expect(failure.problems[50]?.message).toBe('and 10 more');
});

describe('options on the command line', () => {
  test('are defaults: a value of the entry wins, its lists add to theirs', async () => {
    const defaults = {
      flags: layerOf({ memory: '64m', cpus: '2' }),
      environment: ['A=all', 'B=all'],
      labels: ['team=x'],
      tmpfs: ['/a'],
      keepEntrypoint: true,
    };
    const own = { line: 'x', memory: '128m', env: { B: 'own' }, labels: { kind: 'y' } };
    const entry = { ...own, tmpfs: ['/b'], keepEntrypoint: false };
    const { tasks } = await batchOf(`${JSON.stringify(entry)}\n["true"]`, { defaults });
    const [first, second] = tasks.map(({ spec }) => spec);
    expect(first?.limits).toMatchObject({ memoryBytes: 128 * 1024 ** 2, cpus: 2 });
    expect(first).toMatchObject({
      environment: { A: 'all', B: 'own' },
      labels: { team: 'x', kind: 'y' },
      tmpfs: [{ target: '/a' }, { target: '/b' }],
      keepEntrypoint: false,
    });
    expect(second?.limits).toMatchObject({ memoryBytes: 64 * 1024 ** 2, cpus: 2 });
    expect(second).toMatchObject({ environment: { B: 'all' }, keepEntrypoint: true, stdin: false });
  });

  test('give way as a whole: a profile brings its own image', async () => {
    const defaults = { flags: layerOf({ image: 'alpine' }) };
    const text = '{"line": "x", "profile": "builder"}\n{"line": "x"}';
    const { tasks } = await batchOf(text, { defaults });
    expect(tasks.map(({ spec }) => spec.image)).toEqual(['sandbox-builder', 'alpine']);
  });

  test('that are wrong are told once, also those that every task overrules', async () => {
    const defaults = {
      problems: [{ subject: '--frob', message: 'unknown option' }],
      flags: layerOf({ memory: '12x', timeout: 'soon' }),
      environment: ['=1'],
    };
    const text = '{"line": "x", "timeout": "1s"}\n{"line": "y", "timeout": "1s", "cpus": 0}\n';
    const env = { SANDBOX_PIDS_LIMIT: '0' };
    const problems = await problemsOf(() => batchOf(text, { defaults, env }));
    expect(problems.map((problem) => problem.replace(/: expected.*/, ''))).toEqual([
      '--frob: unknown option',
      '--memory',
      '--timeout',
      'SANDBOX_PIDS_LIMIT',
      '--env',
      'line 2: cpus',
    ]);
  });

  test('may be what only a task without a wish of its own cannot have', async () => {
    const around = await Surroundings.create();
    await mkdir(join(around.root, 'other'));
    const defaults = { flags: layerOf({ workspace: '/', apply: 'always' }) };
    const good = '{"line": "x", "workspace": "../other", "workspaceMode": "copy"}';
    expect((await batchOf(good, { defaults, around })).tasks).toHaveLength(1);
    const problems = await problemsOf(() => batchOf(`${good}\n["x"]\n["y"]`, { defaults, around }));
    expect(problems.map((problem) => problem.split(': ')[0])).toEqual(['--workspace', '--apply']);
  });

  test('that only one task can have are refused', async () => {
    const defaults = { flags: layerOf({ id: 'x', receipt: 'r.json' }), line: 'make' };
    const problems = await problemsOf(() => batchOf('["x"]\n["y"]', { defaults }));
    expect(problems.map((problem) => problem.split(': ')[0])).toEqual(['--id', '-c', '--receipt']);
    const inFolder = { flags: layerOf({ receipt: '../receipts/' }) };
    const { tasks } = await batchOf('["x"]\n["y"]', { defaults: inFolder });
    const names = tasks.map(({ spec }) => spec.receiptPath.split('/').slice(-2).join('/'));
    expect(names).toEqual(['receipts/tasks-1.json', 'receipts/tasks-2.json']);
  });

  test('a config file that cannot be used is told once', async () => {
    const around = await Surroundings.create();
    await around.writeProjectConfig({ memroy: '1g' });
    const problems = await problemsOf(() => batchOf('["x"]\n["y"]', { around }));
    expect(problems).toEqual([expect.stringMatching(/^all tasks: cannot use the config file/)]);
  });
});

describe('ids', () => {
  test('are made of the name and the position, wide enough to sort, and the same each time', async () => {
    const text = '["true"]\n'.repeat(10);
    const ids = async () => (await batchOf(text, { name: 'b' })).tasks.map(({ spec }) => spec.id);
    expect(await ids()).toEqual(
      Array.from({ length: 10 }, (_, i) => `b-${String(i + 1).padStart(2, '0')}`),
    );
    expect(await ids()).toEqual(await ids());
  });

  test('of a long name still fit', async () => {
    const { tasks } = await batchOf('["x"]\n', { name: 'n'.repeat(63) });
    expect(tasks[0]?.spec.id).toHaveLength(63);
  });

  test('that are there twice are told with both lines, as are receipts', async () => {
    const text = [
      '{"line": "x", "id": "a"}',
      '{"line": "x", "id": "tasks-3"}',
      '{"line": "x"}',
      '{"line": "x", "id": "a"}',
      '{"line": "x", "receipt": "../r.json"}',
      '{"line": "x", "receipt": "../r.json"}',
    ].join('\n');
    const problems = await problemsOf(() => batchOf(text));
    expect(problems).toEqual([
      'line 3: id: expected an id of its own, got "tasks-3" as on line 2',
      'line 4: id: expected an id of its own, got "a" as on line 1',
      expect.stringMatching(
        /^line 6: receipt: expected a receipt of its own, got ".*r.json" as on line 5/,
      ),
    ]);
  });
});

test('What is found on the host holds for one batch and no longer', async () => {
  const around = await Surroundings.create();
  const text = '{"line": "x", "workspace": "sub"}';
  expect(await problemsOf(() => batchOf(text, { around }))).toHaveLength(1);
  await mkdir(join(around.workspace, 'sub'));
  expect((await batchOf(text, { around })).tasks).toHaveLength(1);
});
