import { describe, expect, test } from 'vitest';
import type { BatchFormat } from '../../src/spec/choices.ts';
import { batchOf } from './support/batch-file.ts';
import { failureOf, problemsOf } from './support/failure.ts';

const texts: Record<BatchFormat, string> = {
  jsonl: [
    '{"id": "007", "command": ["echo", "a b"], "cpus": 0.10, "env": {"PORT": 8080, "E": "x=y"}}',
    '',
    '{"line": "make", "timeout": 1e3, "keepEntrypoint": true, "tmpfs": ["/a", "/b"]}',
  ].join('\n'),
  json: `[
    {"id": "007", "command": ["echo", "a b"],
     "cpus": 0.10, "env": {"PORT": 8080, "E": "x=y"}},
    {"line": "make", "timeout": 1000, "keepEntrypoint": true, "tmpfs": ["/a", "/b"]}
  ]`,
  yaml: [
    '# tasks',
    '- id: 007',
    '  command: [echo, a b]',
    '  cpus: 0.10',
    '  env: {PORT: 8080, E: x=y}',
    '- line: make',
    '  timeout: 1000',
    '  keepEntrypoint: true',
    '  tmpfs:',
    '    - /a',
    '    - /b',
  ].join('\n'),
  csv: [
    'id,command,line,cpus,env.PORT,env.E,timeout,keepEntrypoint,tmpfs',
    '007,"[""echo"", ""a b""]",,0.10,8080,x=y,,,',
    '',
    ',,make,,,,1000,true,"[""/a"",""/b""]"',
  ].join('\r\n'),
};

const lines: Record<BatchFormat, number[]> = {
  jsonl: [1, 3],
  json: [2, 4],
  yaml: [2, 6],
  csv: [2, 4],
};

describe.each(Object.keys(texts) as BatchFormat[])('%s', (format) => {
  const text = texts[format].replace('1e3', '1000');

  test('says what the others say', async () => {
    const { tasks } = await batchOf(text, { format });
    expect(tasks.map(({ index, line }) => [index, line])).toEqual([
      [0, lines[format][0]],
      [1, lines[format][1]],
    ]);
    const [first, second] = tasks.map(({ spec }) => spec);
    expect(first).toMatchObject({ id: '007', command: ['echo', 'a b'] });
    expect(first?.environment).toEqual({ PORT: '8080', E: 'x=y' });
    expect(first?.limits.cpus).toBe(0.1);
    expect(first?.keepEntrypoint).toBe(false);
    expect(second).toMatchObject({ id: 'tasks-2', command: ['/bin/bash', '-c', 'make'] });
    expect(second?.limits.timeoutMs).toBe(1_000_000);
    expect(second?.keepEntrypoint).toBe(true);
    expect(second?.tmpfs.map(({ target }) => target)).toEqual(['/a', '/b']);
  });

  test.each([
    ['by its ending', `/x/tasks.${format}`],
    ['by a look', null],
  ])('is known %s', async (_, path) => {
    expect((await batchOf(text, { path })).tasks).toHaveLength(2);
  });

  test('may have a byte order mark and lines that end in CRLF', async () => {
    const { tasks } = await batchOf(`\uFEFF${text.replace(/\r?\n/g, '\r\n')}`, { format });
    expect(tasks.map(({ line }) => line)).toEqual(lines[format]);
    expect(tasks[1]?.spec.command.at(-1)).toBe('make');
  });

  test('without a task is an error', async () => {
    const empty = { jsonl: '\n \n', json: '[ ]', yaml: '# nothing\n', csv: 'id,line\n' }[format];
    const failure = await failureOf(() => batchOf(empty, { format }));
    expect(failure.message).toContain('found no tasks');
  });
});

test('Numbers are taken as they are written, wherever text is expected', async () => {
  const long = '12345678901234567890';
  const json = await batchOf(`{"id": ${long}, "command": ["sleep", 1.50], "timeout": 60}`);
  expect(json.tasks[0]?.spec).toMatchObject({ id: long, command: ['sleep', '1.50'] });
  const yaml = await batchOf(`- id: ${long}\n  command: [echo, 010, no, 1.50, 0x1F]`);
  expect(yaml.tasks[0]?.spec.id).toBe(long);
  expect(yaml.tasks[0]?.spec.command).toEqual(['echo', '010', 'no', '1.50', '0x1F']);
  expect(await problemsOf(() => batchOf('- line: x\n  timeout: 1e3'))).toEqual([
    expect.stringContaining('line 2: timeout: expected a duration') as string,
  ]);
});

test('A list of words is a command, in every format that has lists', async () => {
  for (const text of ['["echo", "x"]\n', '[["echo", "x"]]', '- [echo, x]\n']) {
    const { tasks } = await batchOf(text);
    expect(tasks.map(({ spec }) => spec.command)).toEqual([['echo', 'x']]);
  }
});

test('A cell may hold quotes, commas and lines; the next task knows its own line', async () => {
  const { tasks } = await batchOf('line,id\n"echo ""a, b""\necho c",one\n\n\nmake,two\n');
  expect(tasks.map(({ line, spec }) => [line, spec.id, spec.command.at(-1)])).toEqual([
    [2, 'one', 'echo "a, b"\necho c'],
    [6, 'two', 'make'],
  ]);
});

test('Aliases stand for what was anchored before them', async () => {
  const text = '- line: a\n  env: &e {A: "1"}\n- line: &l b\n  env: *e\n- {line: *l}\n';
  const { tasks } = await batchOf(text);
  expect(tasks.map(({ spec }) => [spec.command[2], { ...spec.environment }])).toEqual([
    ['a', { A: '1' }],
    ['b', { A: '1' }],
    ['b', {}],
  ]);
});

test('What cannot be told is refused with the way to tell it', async () => {
  const failure = await failureOf(() => batchOf('make test\nmake check\n'));
  expect(failure.message).toContain('could not tell');
  expect(failure.hint).toContain('--format jsonl|json|yaml|csv');
});
