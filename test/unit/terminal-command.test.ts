import { execa } from 'execa';
import { expect, test } from 'vitest';
import { lostOnTerminal, onTerminal } from '../../src/engine/simulation/terminal-command.ts';

const size = { columns: 91, rows: 33 };
const programs = { script: '/usr/bin/script', stty: '/bin/true', shell: '/bin/sh' };

/** The line by itself, in each shell that may be /bin/sh. */
async function printed(shell: readonly string[], command: readonly string[]): Promise<string> {
  const plain = { command, environment: { PATH: process.env.PATH ?? '', KEPT: 'a b' } };
  const { command: words, environment } = onTerminal(plain, { size, programs, tells: false });
  const [program = '', ...args] = shell;
  const { stdout } = await execa(program, [...args, '-c', words[4] ?? ''], {
    ...{ env: environment, extendEnv: false, stdin: 'ignore' },
  });
  return stdout;
}

const shells = [['/bin/sh'], ['bash', '--posix']];

test.each(shells)('words arrive as they are (%s)', async (...shell) => {
  const words = ['', ' ', "it's", '"$(id)"', '`id`', '\\', '\n', '$0', '*', 'é'];
  const shown = await printed(shell, ['printf', '<%s>', ...words]);
  expect(shown).toBe(words.map((word) => `<${word}>`).join(''));
});

test.each(shells)('nothing of ours is left in the environment (%s)', async (...shell) => {
  const names = (await printed(shell, ['env'])).split('\n').map((line) => line.replace(/=.*/, ''));
  expect(names).toEqual(expect.arrayContaining(['KEPT', 'PATH']));
  expect(names.filter((name) => name === 'SHELL' || name.startsWith('SANDBOX_'))).toEqual([]);
});

test.each(shells)('it says which process becomes the command (%s)', async (...shell) => {
  const plain = { command: ['sh', '-c', 'echo $$; echo x 2>/dev/null >&3'], environment: {} };
  const { command, environment } = onTerminal(plain, { size, programs, tells: true });
  const [program = '', ...args] = shell;
  const { stdio, exitCode } = await execa(program, [...args, '-c', command[4] ?? ''], {
    ...{ env: { ...environment, PATH: process.env.PATH }, extendEnv: false, reject: false },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  expect(stdio[3]).toBe(stdio[1]);
  // Nothing of the task's can be heard there.
  expect(exitCode).not.toBe(0);
});

test('no word of the command and no variable is in what the shell reads', () => {
  const plain = { command: ['first', 'second'], environment: { SHELL: '/third' } };
  const { command, environment } = onTerminal(plain, { size, programs, tells: false });
  expect(command.join(' ')).not.toMatch(/first|second|third/);
  expect(environment.SHELL).toBe('/bin/sh');
});

test('a variable that a shell would lose is named', () => {
  const all = { A: '', _b1: '', 'a.b': '', '1a': '', IFS: '', PPID: '', OPTIND: '', IFSX: '' };
  expect(lostOnTerminal(all)).toEqual(['a.b', '1a', 'IFS', 'PPID', 'OPTIND']);
});
