import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BatchFormat } from '../../src/spec/choices.ts';
import { batchOf } from './support/batch-file.ts';
import { failureOf, problemsOf } from './support/failure.ts';
import { Surroundings, layerOf } from './support/surroundings.ts';

/** `line 3: memory` of each problem. */
async function placesOf(text: string, format: BatchFormat): Promise<string[]> {
  const found = await problemsOf(() => batchOf(text, { format }));
  return found.map((problem) => problem.split(': ').slice(0, 2).join(': '));
}

describe('A problem is told with the line of the key that has it', () => {
  test('in JSON', async () => {
    const text = [
      '[',
      '  {',
      '    "id": "a", "line": "x",',
      '    "env": { "A": "1",',
      '      "A": "2" },',
      '    "memory":',
      '      "12x"',
      '  },',
      '  { "line": "y",',
      '    "id": "a", "tmeout": 1 }',
      ']',
    ].join('\n');
    expect(await placesOf(text, 'json')).toEqual([
      'line 5: env.A',
      'line 6: memory',
      'line 10: id',
      'line 10: tmeout',
    ]);
    const failure = await failureOf(() => batchOf(text, { format: 'json' }));
    expect(failure.problems[2]?.message).toContain('as on line 3');
  });

  test('in YAML, also where the value is an alias', async () => {
    const text = [
      '- line: x',
      '  env: &e',
      '    A=B: 1',
      '  cpus: many',
      '-',
      '  line: y',
      '  labels: {sandbox-run.x: 1}',
      '  env: *e',
      '  volumes: !tag [a]',
    ].join('\n');
    expect(await placesOf(text, 'yaml')).toEqual([
      'line 2: env',
      'line 4: cpus',
      'line 7: labels',
      'line 8: env',
      'line 9: volumes',
    ]);
  });

  test('in CSV by its row and its column', async () => {
    const text = 'line,memory,env.A=B\n"a\nb",1g,\nx,12x,\n';
    expect(await placesOf(text, 'csv')).toEqual(['line 1: env.A=B', 'line 4: memory']);
  });
});

describe('What follows from a problem is not told as another one', () => {
  test.each<[BatchFormat, string, string]>([
    ['csv', 'command,id\nmake test,x\n', 'expected a JSON array'],
    ['csv', 'id,memory\nx,1g\ny,1g\n', 'expected a column "command" or "line"'],
    ['csv', 'line,id\nx\n', 'expected 2 cells'],
    ['yaml', '- command: *nobody\n', 'expected an anchor'],
    ['yaml', '- !tag [make]\n', 'expected no tag'],
    ['yaml', '- line: !tag make\n', 'expected no tag'],
    ['yaml', '- command: []\n', 'got an empty list'],
    ['json', '[{"line": "x", "env": {"A": 1, "A": {}}}]', 'expected each key once'],
  ])('%s: %j', async (format, text, message) => {
    const found = await problemsOf(() => batchOf(text, { format }));
    expect(found).toEqual([expect.stringContaining(message)]);
  });
});

test('A problem in a file speaks of its keys, one of the command line of its options', async () => {
  const text = [
    '{"line": "x", "apply": "always", "id": "--memory"}',
    '{"line": "x", "profile": "docker-host"}',
    '{"line": "x", "volumes": ["a:b:c:d"]}',
    '{"line": "x", "receiptDir": "."}',
  ].join('\n');
  const found = await problemsOf(() => batchOf(text));
  expect(found).toEqual([
    expect.stringMatching(/^line 1: id: .*got "--memory"$/),
    'line 1: apply: expected workspaceMode copy with it: there is nothing to bring back from "rw"',
    expect.stringMatching(/^line 2: profile: .* add allowNestedDocker$/),
    expect.stringMatching(/^line 3: volumes: .*use mounts for paths/),
    expect.stringMatching(/^line 4: receiptDir: expected a path that the task cannot write to/),
  ]);
  const defaults = { flags: layerOf({ apply: 'always', workspaceMode: 'copy' }) };
  const mixed = '{"line": "x", "workspaceMode": "ro"}';
  expect(await problemsOf(() => batchOf(mixed, { defaults }))).toEqual([
    expect.stringMatching(/^line 1: --apply: expected workspaceMode copy/),
  ]);
});

test.each<[BatchFormat | null, string, string]>([
  ['jsonl', '\n \n', 'one task a line'],
  ['json', '[]', '[{"command"'],
  ['json', '', '[{"command"'],
  ['yaml', '# nothing\n', '- command: [make, test]'],
  ['yaml', '', '- command: [make, test]'],
  ['csv', '', 'first row'],
  ['csv', 'id,line\n', 'first row'],
  [null, ' \n', 'one task a line'],
])('An empty file says how a task is written in %s: %j', async (format, text, hint) => {
  const failure = await failureOf(() => batchOf(text, { format }));
  expect(failure.message).toContain('found no tasks');
  expect(failure.hint).toContain(hint);
});

describe('A secret that no task could get is told before the first one starts', () => {
  test('of a variable or of a file, but not of a pipe', async () => {
    const around = await Surroundings.create();
    await writeFile(join(around.workspace, 'short'), 'x\n');
    await writeFile(join(around.workspace, 'right'), 'a good secret\n');
    const text = [
      '{"line": "x", "secrets": ["A"]}',
      '{"line": "x", "secrets": ["B", "C=@right"]}',
      '{"line": "x", "secrets": ["C=@short"]}',
      '{"line": "x", "secrets": ["C=@missing"]}',
      '{"line": "x", "secrets": ["C=@/dev/null"]}',
    ].join('\n');
    const env = { A: 'x', B: 'a good secret' };
    expect(await problemsOf(() => batchOf(text, { around, env }))).toEqual([
      'line 1: secrets: the secret A cannot be used: expected 4 bytes to 64 KiB, found 1 bytes',
      'line 3: secrets: the secret C cannot be used: expected 4 bytes to 64 KiB, found 2 bytes',
      expect.stringMatching(
        /^line 4: secrets: the secret C cannot be used: there is no such file \(\/.*\)/,
      ),
    ]);
  });

  test('once, where it is on the command line', async () => {
    const defaults = { secrets: ['A'] };
    const found = await problemsOf(() => batchOf('["x"]\n["y"]', { defaults, env: { A: 'x' } }));
    expect(found).toEqual([expect.stringMatching(/^--secret: the secret A cannot be used/)]);
  });
});
