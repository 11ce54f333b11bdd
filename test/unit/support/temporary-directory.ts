import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** The real path of a fresh directory; gone when the test is. */
export async function temporaryDirectory(): Promise<string> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'sandbox-unit-')));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}
