import { expect, test } from 'vitest';
import { table } from '../../src/report/table.ts';

test('Columns are as wide as their widest cell, and no line ends in spaces', () => {
  const rows = [
    ['memory', '512m', 'default'],
    ['a-longer-name', '1', ''],
  ];
  expect(table(['SETTING', 'VALUE', 'FROM'], rows)).toBe(
    'SETTING        VALUE  FROM\nmemory         512m   default\na-longer-name  1\n',
  );
});

test('A table without rows is its head', () => {
  expect(table(['A', 'B'], [])).toBe('A  B\n');
});

test('A cell cannot speak to the terminal, and what is shown of it counts for the width', () => {
  expect(table(['A', 'B'], [['\u001b[31m', 'x']])).toBe(
    `A         B\n${String.raw`\x1b[31m`}  x\n`,
  );
});
