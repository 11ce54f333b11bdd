import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CliResult, runCli } from '../helpers/cli.ts';
import { Workspace } from '../helpers/workspace.ts';
import { meanText, near } from '../unit/support/mean.ts';
import { argv } from '../unit/support/near-argv.ts';
import { always } from '../unit/support/properties.ts';

/** Each case is a process of its own, so these are few; test/unit/properties-*.test.ts have the many. */
const cases = 25;

test('`run --dry-run` shows a task or says what is wrong, with any options', async () => {
  const around = await workspaceWith({ 'a.env': 'A=1' });
  await always(cases, argv, async (words) => {
    const result = await around.run(['run', '--dry-run', '--json', ...words]);
    // Help may be among the options, and a word that cannot be one ends them.
    expectSound(result, { codes: [0, 125], isJson: !/^\s*(sandbox\/|Usage)/m.test(result.stdout) });
  });
  await around.expectUntouched();
});

test('`config` tells every setting or says what is wrong, with any config file', async () => {
  const around = await workspaceWith({});
  await always(
    cases,
    near(['{"memory":"64m"}', '{"env":{"A":"1"}}', '{}'], meanText),
    async (text) => {
      await writeFile(join(around.path, 'sandbox.config.json'), text);
      expectSound(await around.run(['config', '--json']), { codes: [0, 2], isJson: true });
    },
  );
  await around.expectUntouched(['sandbox.config.json']);
});

test('`profile validate` accepts a profile or says what is wrong, with any file', async () => {
  const around = await workspaceWith({});
  const profile = '{"name":"mine","description":"x","image":"debian","packages":["git"]}';
  await always(cases, near([profile], meanText), async (text) => {
    await writeFile(join(around.path, 'mine.json'), text);
    const result = await around.run(['profile', 'validate', '--json', 'mine.json']);
    expectSound(result, { codes: [0, 1, 2], isJson: true });
  });
  await around.expectUntouched(['mine.json']);
});

test('`batch --dry-run` shows its tasks or says what is wrong, with any file of any name', async () => {
  const around = await workspaceWith({});
  const text = near(['{"line":"x"}', '- line: x', 'line,id\nx,y', '[["true"]]'], meanText);
  const ending = fc.constantFrom('jsonl', 'json', 'yaml', 'csv', 'txt', 'constructor', 'x');
  await always(cases, fc.tuple(text, ending), async ([content, end]) => {
    await mkdir(join(around.path, end), { recursive: true });
    await writeFile(join(around.path, end, `t.${end}`), content);
    const result = await around.run(['batch', '--dry-run', '--json', `${end}/t.${end}`]);
    expectSound(result, { codes: [0, 125], isJson: true });
  });
});

test.each([
  ['lists', '[', ']'],
  ['objects', '{"a":', '}'],
])('Half a million %s in each other are refused like any other file', async (_, open, close) => {
  const depth = 500_000 / open.length;
  const deep = open.repeat(depth) + (open === '[' ? '' : '1') + close.repeat(depth);
  const around = await workspaceWith({ 'mine.json': `{"name":${deep}}`, 't.json': `[${deep}]` });
  const validated = await around.run(['profile', 'validate', 'mine.json']);
  expectSound(validated, { codes: [1], isJson: false });
  expectSound(await around.run(['batch', '--dry-run', 't.json']), { codes: [125], isJson: false });
  await writeFile(join(around.path, 'sandbox.config.json'), `{"labels":${deep}}`);
  expectSound(await around.run(['config']), { codes: [2], isJson: false });
});

test('A file of a million lines that is no env file is refused in a few lines', async () => {
  const around = await workspaceWith({ 'no.env': 'not this\n'.repeat(1_000_000) });
  const result = await around.run(['run', '--dry-run', '--env-file', 'no.env', '--', 'true']);
  expectSound(result, { codes: [125], isJson: false });
  expect(result.stderr).toContain('no.env:20 ');
  expect(result.stderr).toContain('got 999980 more lines that are none');
});

interface Wanted {
  readonly codes: readonly number[];
  readonly isJson: boolean;
}

function expectSound({ exitCode, stdout, stderr }: CliResult, { codes, isJson }: Wanted): void {
  expect(codes).toContain(exitCode);
  if (exitCode !== 0) expect(stderr).not.toBe('');
  expect(stderr).not.toMatch(/^\s+at .*:\d+|unexpected error|defect of sandbox/m);
  if (isJson && stdout !== '') expect(() => JSON.parse(stdout) as unknown).not.toThrow();
}

async function workspaceWith(files: Readonly<Record<string, string>>) {
  const { path } = await Workspace.create();
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return {
    path,
    run: async (args: readonly string[]) => await runCli(args, { cwd: path }),
    expectUntouched: async (others: readonly string[] = []) => {
      const found = await readdir(path, { recursive: true });
      expect(found.sort()).toEqual([...Object.keys(files), ...others].sort());
    },
  };
}
