import { SandboxFailure } from '../failure.ts';
import type { TaskSpec } from '../spec/task-spec.ts';

type Words = Pick<TaskSpec, 'command' | 'environment'>;

/** Linux takes 32 pages of any one word and no less of all together, and no page is smaller than 4 KiB. */
const alwaysTakenBytes = 128 * 1024 - 1;

/**
 * Whether the kernel may refuse the command for the length of its words and variables. How much it takes depends on
 * its page size and on the stack limit of the task, so it is asked; what it cannot refuse is not suspected.
 */
export function mayBeTooLong({ command, environment }: Words): boolean {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const sizes = [...command, ...variables].map((word) => Buffer.byteLength(word) + 1);
  return sizes.reduce((sum, size) => sum + size, 0) > alwaysTakenBytes;
}

export function tooLong(program: string): SandboxFailure {
  return notTaken(program, 'its words and variables are longer than the kernel takes');
}

export function tooManyWords(program: string, most: string): SandboxFailure {
  return notTaken(program, `bubblewrap takes ${most} words, with its own options`);
}

function notTaken(program: string, reason: string): SandboxFailure {
  return new SandboxFailure(
    'command-not-executable',
    `command cannot be executed: ${program} (${reason})`,
    {
      hint: 'Most often one word may have 128 KiB and all together 2 MiB. Give what is longer in a file of the workspace or as standard input.',
    },
  );
}
