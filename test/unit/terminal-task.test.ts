import { execa } from 'execa';
import { expect, test } from 'vitest';
import { commandText } from '../../src/report/command-text.ts';
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

test('it is shown by its name, and every other command as it is', () => {
  expect(commandText(interactiveShell(null))).toBe('(shell) /bin/bash');
  expect(commandText(interactiveShell('/bin/dash'))).toBe('(shell) /bin/dash');
  expect(commandText(['/bin/sh', '-c', 'exec "$1"', 'sandbox', '/bin/bash'])).not.toContain(
    '(shell)',
  );
  expect(commandText([...interactiveShell(null), 'more'])).not.toContain('(shell)');
});
