import { expect, test } from 'vitest';
import { whereMissing } from '../../src/engine/docker/find-command.ts';

const hint = (...command: string[]) =>
  whereMissing(
    { command, image: 'app:1', workdir: '/workspace/sub' },
    { program: command[0] ?? '', path: '/usr/bin:/bin' },
  );

test('a name was looked for on PATH, or meant for a shell', () => {
  expect(hint('echo hi')).toBe(
    'The image app:1 has no such program on PATH (/usr/bin:/bin). Choose another with --image; a shell line needs -c.',
  );
});

test('a path that begins at the root is in the image or in what is shown besides', () => {
  expect(hint('/bin/zsh', 'x')).toBe(
    'There is no /bin/zsh in the image app:1, nor in what the task is shown besides. Choose another with --image.',
  );
});

test('a path that does not is below the working directory', () => {
  expect(hint('./zsh')).toBe('There is no ./zsh below /workspace/sub.');
});

test('the shell of -c is named by a profile', () => {
  expect(hint('/bin/sh', '-c', 'echo hi')).toContain('the key `shell` of a profile');
});
