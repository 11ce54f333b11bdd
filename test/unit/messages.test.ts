import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { commandNames, commands, groupNames } from '../../src/cli/commands.ts';
import { refusedFlags } from '../../src/commands/flags.ts';

const source = join(import.meta.dirname, '../../src');

/** Flags of other programs, in command lines of theirs. */
const foreign = {
  'apt-get': ['--no-install-recommends', '--force-unsafe-io'],
  bwrap: ['--unshare-all', '--ro-bind', '--version'],
};

interface Text {
  readonly file: string;
  readonly text: string;
}

/** Everything in quotes that is more than one word; what a template puts in becomes `…`. */
async function texts(): Promise<Text[]> {
  const files = (await readdir(source, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const found = files.map(async (file) => {
    const code = await readFile(join(source, file), 'utf8');
    const tree = ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true);
    return textsIn(tree).map((text) => ({ file, text }));
  });
  return (await Promise.all(found)).flat().filter(({ text }) => text.includes(' '));
}

function textsIn(node: ts.Node): string[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  const own = ts.isTemplateExpression(node)
    ? [[node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…')]
    : [];
  const below: string[] = [];
  ts.forEachChild(node, (child) => void below.push(...textsIn(child)));
  return [...own, ...below];
}

test('every command that a message names exists', async () => {
  const named = (await texts()).flatMap(({ file, text }) =>
    [...text.matchAll(/(?:^|[`("]|: )sandbox ([a-z][a-z-]*)(?: ([a-z-]+))?/g)].map(
      ([, first = '', second = '']) => ({ file, first, second }),
    ),
  );
  const wrong = named.filter(({ first, second }) =>
    groupNames.includes(first)
      ? second !== '' && !commandNames.includes(`${first} ${second}`)
      : !commandNames.includes(first),
  );
  expect(named.length).toBeGreaterThan(20);
  expect(wrong).toEqual([]);
});

test('every flag that a message names exists', async () => {
  const known = new Set([
    ...Object.values(commands).flatMap(({ flags }) => flags.map(({ name }) => `--${name}`)),
    ...Object.keys(refusedFlags).map((name) => `--${name}`),
    ...Object.values(foreign).flat(),
  ]);
  const named = (await texts()).flatMap(({ file, text }) =>
    [...text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([flag]) => ({ file, flag })),
  );
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter(({ flag }) => !known.has(flag))).toEqual([]);
});

test('a command line in a message has flags of that command only', async () => {
  const lines = (await texts()).flatMap(({ text }) =>
    [...text.matchAll(/`sandbox ([^`]+)`/g)].map(([, line = '']) => line),
  );
  const wrong = lines.filter((line) => {
    const [first = '', second = ''] = line.split(' ');
    const { flags } = commands[`${first} ${second}`] ?? commands[first] ?? { flags: [] };
    const known = flags.map(({ name }) => `--${name}`);
    return (line.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? []).some((flag) => !known.includes(flag));
  });
  expect(lines.length).toBeGreaterThan(5);
  expect(wrong).toEqual([]);
});
