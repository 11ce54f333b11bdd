import { describe, expect, test } from 'vitest';
import type { BatchFormat } from '../../src/spec/choices.ts';
import { batchOf } from './support/batch-file.ts';
import { lines, failureOf } from './support/failure.ts';

const mebibyte = 1024 ** 2;
const laughs = [
  '- &a0 [x, x]',
  ...Array.from({ length: 12 }, (_, i) => `- &a${i + 1} [${`*a${i},`.repeat(9)}]`),
].join('\n');

const cases: [string, BatchFormat, string, string][] = [
  ['deep JSON', 'json', '['.repeat(mebibyte), 'line 1: expected JSON'],
  ['deep closed JSON', 'json', '['.repeat(1e5) + ']'.repeat(1e5), 'levels of nesting'],
  ['a deep line', 'jsonl', '{"a":'.repeat(1e5) + '1' + '}'.repeat(1e5), 'levels of nesting'],
  ['deep flow YAML', 'yaml', '['.repeat(mebibyte), 'line 1: expected at most 16 levels'],
  ['deep block YAML', 'yaml', '- '.repeat(mebibyte), 'line 1: expected at most 16 levels'],
  ['a line of 10 MB', 'jsonl', `{"line": "${'x'.repeat(10 * mebibyte)}"}`, 'at most 8 MiB'],
  ['an entry of 10 MB', 'json', `[{"line": "${'x'.repeat(10 * mebibyte)}"}]`, 'at most 8 MiB'],
  ['much YAML', 'yaml', `- [${'[],'.repeat(6 * mebibyte)}]`, 'at most 16 MiB of YAML'],
  ['aliases of aliases', 'yaml', laughs, 'its aliases stand for too much'],
  ['an alias of itself', 'yaml', '- &a [*a]', 'levels of nesting'],
  ['an unknown alias', 'yaml', '- *nobody', 'expected an anchor &nobody before the alias'],
  ['a tag', 'yaml', '- line: !!js/function x', 'expected no tag'],
  ['a merge key', 'yaml', '- line: x\n  <<: {memory: 1g}', 'line 2: <<: unknown key'],
  ['a null', 'jsonl', '{"line": "x", "memory": null}', 'got null'],
  ['an empty YAML value', 'yaml', '- line: x\n  memory:\n', 'got null'],
  ['two documents', 'yaml', '- line: x\n---\n- line: y', 'found a second one'],
  ['a YAML object', 'yaml', 'line: x', 'expected a list of tasks'],
  [
    'a key twice',
    'yaml',
    '- line: x\n  env: {A: 1, A: 2}',
    'line 2: env.A: expected each key once',
  ],
  ['bad indentation', 'yaml', '- line: x\n memory: y', 'line 2: expected YAML'],
  ['a key that is no text', 'yaml', '- {[a]: b}', 'expected keys that are text'],
  ['__proto__', 'jsonl', '{"line": "x", "__proto__": {"memory": "1g"}}', '__proto__: unknown key'],
  ['constructor', 'jsonl', '{"line": "x", "constructor": "y"}', 'constructor: unknown key'],
  ['a variable __proto__', 'jsonl', '{"line": "x", "env": {"__proto__": "y"}}', 'cannot be used'],
  ['__proto__ in YAML', 'yaml', '- {line: x, __proto__: {memory: 1g}}', '__proto__: unknown key'],
  ['columns __proto__', 'csv', 'line,__proto__.x\nx,y', '__proto__.x: unknown key'],
  ['a column env.__proto__', 'csv', 'line,env.__proto__\nx,y', 'cannot be used'],
  ['a NUL byte', 'jsonl', '{"line": "x"}\n{"line": "\0"}', 'line 2: expected text, found a NUL'],
  ['a NUL escaped', 'jsonl', '{"command": ["a\\u0000b"]}', 'without NUL'],
  ['a NUL in YAML', 'yaml', '- line: "a\\0b"', 'without NUL'],
  ['half a character', 'jsonl', '{"line": "\\ud800"}', 'without half characters'],
  [
    'half a character in a name',
    'jsonl',
    '{"line": "x", "env": {"\\udc00": ""}}',
    'half characters',
  ],
  ['CR alone', 'csv', 'line\rmake\rtest', 'found CR alone'],
  [
    'a list that is not closed',
    'json',
    '[{"line": "x"},\n {"line": "y"}\n',
    'line 3: expected the list',
  ],
  ['a comma too many', 'json', '[{"line": "x"},\n]', 'line 2: expected a task, found nothing'],
  ['text behind the list', 'json', '[["x"]]\n[]', 'line 2: expected nothing behind the list'],
  ['a mistake in a long entry', 'json', '[{"line": "x",\n\n  memory: 1}]', 'line 3: expected JSON'],
  ['a string that is not closed', 'json', '[["x],\n["y"]]', 'expected JSON'],
  ['an object instead of a list', 'json', '{"line": "x"}', 'expected a list of tasks'],
  [
    'a quote that is not closed',
    'csv',
    'id,line\n"a""b",ls\nc,"x\nd,y""z\n',
    'line 3: expected a quote that closes the cell which begins with one here, found the end',
  ],
  [
    'a quote inside of a cell',
    'csv',
    'line,id\nls,a\necho "hidden",b',
    'line 3: expected no quote in cell 1, which does not begin with one',
  ],
  [
    'text behind a quoted cell',
    'csv',
    'id,line\na,"x\nb,"ls"\n',
    'line 3: expected a comma or the end of the row behind a quoted cell, found "l"',
  ],
  ['a very long row', 'csv', `line\n"${'x'.repeat(9e6)}"`, 'at most 8 MiB of text for one task'],
  [
    'a cell too many',
    'csv',
    'line,id\nx,y,z',
    'line 2: expected 2 cells as in the header, found 3',
  ],
  [
    'words in a cell',
    'csv',
    'command\nmake test',
    'line 2: command: expected a JSON array such as',
  ],
  ['a column twice', 'csv', 'line,line\nx,y', 'line 1: line: expected each column once'],
  ['a column without a name', 'csv', 'line,\nx,', 'expected a name for column 2'],
  [
    'an unknown column',
    'csv',
    'line,memroy\nx,1g',
    'line 1: memroy: unknown key, did you mean memory?',
  ],
  ['a column for an object', 'csv', 'line,env\nx,y', 'such as env.NAME'],
  ['a name in a text', 'csv', 'line.x\ny', 'line has no names in it'],
  ['the engine as a column', 'csv', 'line,engine\nx,docker', 'for the whole batch'],
  ['very many columns', 'csv', 'x,'.repeat(2000), 'expected at most 1000 columns'],
];

describe('is refused with a clear message, and pollutes nothing', () => {
  test.each(cases)('%s (%s)', async (_, format, text, expected) => {
    const failure = await failureOf(() => batchOf(text, { format }));
    expect(failure.code).toBe('invalid-settings');
    expect(lines(failure.problems).join('\n')).toContain(expected);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(lines(failure.problems).every((line) => line.length < 400)).toBe(true);
  });
});

test('More tasks than fit are refused, however few bytes each has', async () => {
  const failure = await failureOf(() => batchOf(`[${'1,'.repeat(100_001)}1]`, { format: 'json' }));
  expect(failure.problems[0]?.message).toContain('expected at most 100000 tasks');
});

test('A value of the text may hold what would end another one', async () => {
  const words = ['],[', '}', '"', '\\', '\\"', '[{', ',', '\n'];
  const text = JSON.stringify([{ command: ['printf', ...words] }, ['true']], null, 2);
  const { tasks } = await batchOf(text, { format: 'json' });
  expect(tasks.map(({ spec }) => spec.command)).toEqual([['printf', ...words], ['true']]);
});
