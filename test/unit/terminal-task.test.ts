import { execa } from 'execa';
import { expect, test } from 'vitest';
import { interactiveShell } from '../../src/spec/terminal-task.ts';

async function shellOf(preferred: string | null): Promise<string> {
  const [program = '', ...args] = interactiveShell(preferred);
  const { stdout } = await execa(program, args, { input: 'echo "$0"' });
  return stdout;
}

test('the shell is the one that is preferred, bash unless one is named', async () => {
  expect(await shellOf(null)).toBe('/bin/bash');
  expect(await shellOf('/bin/dash')).toBe('/bin/dash');
});

test('where the image lacks it, it is the one that every image with a shell has', async () => {
  expect(await shellOf('/nonexistent/bash')).toBe('/bin/sh');
});
