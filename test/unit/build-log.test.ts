import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { BuildLog } from '../../src/engine/docker/images/build/build-log.ts';

test('a build that prints a lot has all of it in its log, and none of it makes Node.js warn', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  const log = await BuildLog.create('base', { XDG_STATE_HOME: folder });
  for (let index = 0; index < 30; index += 1) await log.write('x'.repeat(100_000));
  await turn();
  await log.close();
  expect(warnings).toEqual([]);
  expect((await readFile(log.path)).length).toBe(3_000_000);
});
