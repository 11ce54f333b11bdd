import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { errnoOf } from '../../src/failure.ts';

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
/** Who promises an engine promises the rights of CI as well. */
const isPromised = (process.env.SANDBOX_TEST_ENGINES ?? '') !== '';

/** Why no file system can be mounted here, or null. */
export const whyNoDisk = isRoot || isPromised ? null : 'mounting needs root on Linux';

/** A file system that is soon full; gone when the test is. */
export async function mountSmallDisk(path: string, size: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await execa('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'small', path]);
  onTestFinished(() => execa('umount', ['-l', path]).then(() => undefined));
}

/** Takes all the room that is left. */
export async function fillDisk(path: string): Promise<void> {
  const file = await open(join(path, 'filler'), 'w');
  try {
    for (;;) await file.write(Buffer.alloc(4096));
  } catch (error) {
    if (errnoOf(error) !== 'ENOSPC') throw error;
  } finally {
    await file.close();
  }
}
