import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { ReportFile } from '../../src/report/report-file.ts';
import { failureOf } from './support/failure.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

test.each([
  ['is a directory', 'directory', 'it is a directory'],
  ['has no directory, nor may have one', '/proc/none/report.html', 'its directory cannot be made'],
  ['goes deep through a file', 'file/deep/report.html', 'a part of its path is not a directory'],
  ['goes through a file', 'file/report.html', 'a part of its path is not a directory'],
  ['has too long a name', 'x'.repeat(300), 'its name is too long'],
])('a report whose path %s is refused in words', async (_, name, reason) => {
  const root = await temporaryDirectory();
  await mkdir(join(root, 'directory'));
  await writeFile(join(root, 'file'), '');
  const failure = await failureOf(() => ReportFile.reserve(name, root));
  expect(failure.code).toBe('output-not-writable');
  expect(failure.message).toBe(`cannot write ${resolve(root, name)}: ${reason}`);
});

test('the directories of a report are made, as those of a receipt are', async () => {
  const root = await temporaryDirectory();
  const report = await ReportFile.reserve('new/deep/report.html', root);
  await report.write(['whole']);
  expect(await readFile(join(root, 'new/deep/report.html'), 'utf8')).toBe('whole');
  expect((await stat(join(root, 'new'))).mode & 0o777).toBe(0o700);
});

test('a directory that is gone by then is not made again', async () => {
  const root = await temporaryDirectory();
  const report = await ReportFile.reserve('new/report.html', root);
  await rm(join(root, 'new'), { recursive: true });
  const failure = await failureOf(() => report.write(['whole']));
  expect(failure.message).toContain('its directory is gone');
});
