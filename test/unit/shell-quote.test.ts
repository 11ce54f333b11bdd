import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellLine } from '../../src/report/shell-quote.ts';

test('A line is read back by a shell as exactly its words', () => {
  const words = ['plain', '', ' ', 'two words', "it's", "''", '"double"', '$HOME', '`id`', '$(id)']
    .concat([
      'a\\b',
      'a\nb',
      '\t',
      '*',
      '?',
      '[a]',
      '~',
      '#no',
      'a;b',
      'a&b',
      'a|b',
      '<',
      '>',
      '(',
      ')',
    ])
    .concat([
      '{a,b}',
      '!',
      '%s',
      '-n',
      '--',
      'a=b',
      'é €',
      '\u001b[31m',
      'a\u202eb',
      'https://x/y?z=1',
      '\\',
      "\\'",
    ]);
  const script = String.raw`printf '%s\0' ` + shellLine(words);
  const read = execFileSync('bash', ['-c', script], { encoding: 'utf8' });
  expect(read.split('\0').slice(0, -1)).toEqual(words);
});

test('What needs no quotes has none, so that a line can be read by people', () => {
  const words = ['docker', 'run', '--cpus=0.5', '-v', '/a:/b', 'user@host', 'a,b', '50%'];
  expect(shellLine(words)).toBe(words.join(' '));
  expect(shellLine(['sh', '-c', 'make && make check'])).toBe("sh -c 'make && make check'");
});

test('What a terminal would show in another order is spelled out', () => {
  expect(shellLine(['echo', 'a\u202eb'])).toBe(String.raw`echo $'a\xe2\x80\xaeb'`);
});

test('No words are an empty line', () => {
  expect(shellLine([])).toBe('');
});
