import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { batchFormats } from '../../src/spec/choices.ts';
import { readJson } from '../../src/spec/batch/json-value.ts';
import { batchOf } from './support/batch-file.ts';
import { meanJson, meanText, meanWord, near } from './support/mean.ts';
import { nearSetting } from './support/near-settings.ts';
import { always, expectWholeSpec, soundResult } from './support/properties.ts';
import { Surroundings } from './support/surroundings.ts';

const entry = fc.oneof(
  { weight: 6, arbitrary: likelyEntry(meanText) },
  { weight: 1, arbitrary: fc.array(meanText, { maxLength: 3 }) },
  { weight: 1, arbitrary: meanJson },
);

function likelyEntry(text: fc.Arbitrary<string>) {
  return fc.record(
    {
      line: fc.oneof(fc.constant('true'), text),
      id: nearSetting('id', text),
      memory: nearSetting('memory', text),
      timeout: fc.oneof(nearSetting('timeout', text), fc.nat()),
      env: fc.dictionary(near(['A'], text), text, { maxKeys: 2 }),
      labels: fc.dictionary(near(['team'], text), text, { maxKeys: 2 }),
      secrets: fc.array(near(['PATH'], text), { maxLength: 2 }),
      tmpfs: fc.array(near(['/x'], text), { maxLength: 2 }),
    },
    { requiredKeys: ['line'] },
  );
}

const written: Readonly<
  Record<(typeof batchFormats)[number], (tasks: readonly unknown[]) => string>
> = {
  jsonl: (tasks) => tasks.map((task) => JSON.stringify(task)).join('\n'),
  json: (tasks) => JSON.stringify(tasks),
  yaml: (tasks) => stringify(tasks, { aliasDuplicateObjects: false }),
  csv: (tasks) =>
    csvOf(tasks.map((task) => ({ line: 'true', ...(typeof task === 'object' ? task : {}) }))),
};

function csvOf(tasks: readonly Record<string, unknown>[]): string {
  const columns = ['line', 'id', 'memory', 'timeout'] as const;
  const cell = (value: unknown) =>
    `"${(typeof value === 'string' ? value : '').replaceAll('"', '""')}"`;
  const rows = tasks.map((task) => columns.map((column) => cell(task[column])).join(','));
  return [columns.join(','), ...rows].join('\r\n');
}

test.each(batchFormats)(
  'A batch in %s is tasks, each whole, or every problem with its line',
  async (format) => {
    const around = await Surroundings.create();
    const tasks = fc.array(entry, { maxLength: 4 }).map((list) => written[format](list));
    const file = fc.oneof(
      tasks,
      tasks,
      near(['- line: x', '{"line":"x"}', 'line\nx', '[["x"]]'], meanText),
    );
    await always(150, fc.tuple(file, meanText, fc.nat(20)), async ([text, slip, dice]) => {
      const spoiled = dice === 0 ? text + slip : dice === 1 ? `\ufeff${text}` : text;
      const batch = await soundResult(['invalid-settings'], () =>
        batchOf(spoiled, { format, around }),
      );
      if (!batch) return;
      batch.tasks.forEach(({ spec }) => expectWholeSpec(spec));
      expect(new Set(batch.tasks.map(({ spec }) => spec.id)).size).toBe(batch.tasks.length);
    });
  },
);

test('The same tasks are the same in JSONL, JSON and YAML', async () => {
  const around = await Surroundings.create();
  const line = meanWord.filter((text) => text !== '');
  const plain = fc.record({ line, env: fc.dictionary(fc.constantFrom('A', 'B'), meanWord) });
  await always(60, fc.array(plain, { minLength: 1, maxLength: 3 }), async (tasks) => {
    const read = async (format: 'jsonl' | 'json' | 'yaml') => {
      const { tasks: found } = await batchOf(written[format](tasks), { format, around });
      return found.map(({ spec: { command, environment } }) => ({ command, environment }));
    };
    const expected = tasks.map(({ line: text, env }) => ({ line: text, env }));
    const found = await read('jsonl');
    expect(
      found.map(({ command, environment }) => ({ line: command.at(-1), env: { ...environment } })),
    ).toEqual(expected.map(({ line: text, env }) => ({ line: text, env: { ...env } })));
    expect(await read('json')).toEqual(found);
    expect(await read('yaml')).toEqual(found);
  });
});

test('A file of any name and any text is told to be of a format, or refused', async () => {
  const around = await Surroundings.create();
  const name = fc.oneof(
    near(['a.jsonl', 'b.yml', 'c.csv']),
    meanWord.map((word) => `x.${word}`),
  );
  const text = fc.oneof(meanText, near(['- line: x', '{"line":"x"}', 'line,id\nx,y'], meanText));
  await always(400, fc.tuple(name, text), async ([path, content]) => {
    const batch = await soundResult(['invalid-settings'], () => batchOf(content, { path, around }));
    batch?.tasks.forEach(({ spec }) => expectWholeSpec(spec));
  });
});

test('JSON of a batch keeps each text, and the digits of each number', async () => {
  await always(500, meanJson, (json) => {
    const text = JSON.stringify(json);
    const read = readJson(text);
    if ('mistake' in read) expect(read.mistake).toContain('levels');
    else if (typeof json === 'string') expect(read.value).toBe(json);
    else if (typeof json === 'number') expect(read.value).toBe(text === 'null' ? null : text);
  });
});
