import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ReportFile } from '../../src/report/report-file.ts';
import { failureOf } from './support/failure.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

test.each([
  ['is a directory', 'directory', 'it is a directory'],
  ['has no directory', 'none/report.html', 'its directory does not exist'],
  ['goes through a file', 'file/report.html', 'a part of its path is not a directory'],
  ['has too long a name', 'x'.repeat(300), 'its name is too long'],
])('a report whose path %s is refused in words', async (_, name, reason) => {
  const root = await temporaryDirectory();
  await mkdir(join(root, 'directory'));
  await writeFile(join(root, 'file'), '');
  const failure = await failureOf(() => ReportFile.reserve(name, root));
  expect(failure.code).toBe('output-not-writable');
  expect(failure.message).toBe(`cannot write ${join(root, name)}: ${reason}`);
});
