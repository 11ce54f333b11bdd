import library from '@balena/dockerignore';
import { describe, expect, test } from 'vitest';
import { IgnoreRules } from '../../src/workspace/ignore-rules.ts';
import { seededRandom } from './support/random.ts';

/** As the walk of a copy asks: directories first, and what they answered goes with their children. */
function isIgnored(rules: IgnoreRules, path: string): boolean {
  let verdict = { isIgnored: false, matched: null as readonly boolean[] | null };
  const names = path.split('/');
  for (let depth = 1; depth <= names.length; depth += 1) {
    verdict = rules.verdict(names.slice(0, depth).join('/'), verdict.matched);
  }
  return verdict.isIgnored;
}

describe('a line of .dockerignore', () => {
  test.each<[string, string[], string[]]>([
    ['a', ['a', 'a/b/c'], ['b', 'b/a', 'aa']],
    ['/a/', ['a', 'a/b'], ['b/a']],
    ['./x/../a', ['a'], ['x']],
    ['*', ['a', '.b', 'a/b'], []],
    ['a*', ['a', 'ab', 'ab/c'], ['b', 'b/a']],
    ['*/a', ['x/a', 'x/a/b'], ['a', 'x/y/a']],
    ['**/a', ['a', 'x/a', 'x/y/a/b'], ['ba', 'x/ba']],
    ['a/**', ['a/b', 'a/b/c'], ['a', 'b']],
    ['a/**/z', ['a/z', 'a/b/c/z'], ['a/b', 'z']],
    ['**/*.log', ['x.log', 'a/b/x.log'], ['log', 'x.logs']],
    ['a?c', ['abc', 'a😀c'], ['ac', 'abbc', 'a/c']],
    ['[a-c]x', ['ax', 'cx'], ['dx', 'x']],
    ['[^a]x', ['bx'], ['ax']],
    ['a.b+(c)|{d}$', ['a.b+(c)|{d}$'], ['axb+(c)|{d}$', 'a.bb(c)']],
    ['\\*', ['*'], ['a']],
    ['\\#a', ['#a'], ['a']],
    ['#a', [], ['#a', 'a']],
    ['  a  ', ['a'], ['  a  ']],
    ['\uFEFFa', ['a'], []],
    ['constructor', ['constructor', '__proto__/constructor'].slice(0, 1), ['__proto__']],
    ['A', ['A'], ['a']],
    ['a\n!a/b', ['a', 'a/c'], ['a/b', 'a/b/c']],
    ['!a/b\na', ['a', 'a/b'], []],
    ['*\n!**/*.md', ['a', 'a/b.txt'], ['x.md', 'a/b.md']],
    ['a\r\nb', ['a', 'b'], ['a\r']],
    ['', [], ['a']],
  ])('%j', (text, ignored, kept) => {
    const rules = IgnoreRules.parse(text);
    for (const path of ignored) expect([path, isIgnored(rules, path)]).toEqual([path, true]);
    for (const path of kept) expect([path, isIgnored(rules, path)]).toEqual([path, false]);
  });

  test.each(['a[', '[', '[a', '!', 'a\\', `${'a/'.repeat(4_000)}b`])('%j is refused', (text) => {
    expect(() => IgnoreRules.parse(text)).toThrow();
  });

  test('means the same as to the library that Docker clients use', () => {
    const random = seededRandom(7);
    const pick = <T>(items: readonly T[]) => items[random(items.length)] as T;
    const names = ['a', 'b', 'ab', 'ba', 'a.b', 'abc'];
    const parts = [...names, '*', 'a*', '*b', '?', 'a?', '**', '[ab]', '*.b'];
    const join = (from: readonly string[]) =>
      Array.from({ length: 1 + random(4) }, () => pick(from)).join('/');
    let ignored = 0;
    for (let round = 0; round < 3_000; round += 1) {
      const lines = Array.from({ length: 1 + random(3) }, () => pick(['', '', '!']) + join(parts));
      const rules = IgnoreRules.parse(lines.join('\n'));
      const oracle = library.default({ ignorecase: false }).add(lines);
      const path = join(names);
      const wanted = oracle.ignores(path);
      expect({ lines, path, ignored: isIgnored(rules, path) }).toEqual({
        lines,
        path,
        ignored: wanted,
      });
      if (wanted) ignored += 1;
    }
    expect(ignored).toBeGreaterThan(300);
  });

  test('is never endless work, however it was written', () => {
    const rules = IgnoreRules.parse(
      `${'*a'.repeat(40)}b\n${'**/'.repeat(60)}x\n${'**a'.repeat(30)}b`,
    );
    const path = `${'a'.repeat(200)}/${'a/'.repeat(100)}c`;
    expect(rules.verdict(path, null).isIgnored).toBe(false);
  });
});

test.each<[string, string, boolean]>([
  ['a', 'a', false],
  ['a\n!a/b/c', 'a', true],
  ['a\n!a/b/c', 'a/b', true],
  ['a\n!b', 'a', false],
  ['a\n!**/*.md', 'a', true],
])('%j, directory %s: something below may be kept: %s', (text, directory, mayKeep) => {
  expect(IgnoreRules.parse(text).mayKeepBelow(directory)).toBe(mayKeep);
});
