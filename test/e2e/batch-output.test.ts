import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Batch, statusesOf } from '../helpers/batch.ts';
import { binPath, readReceipt } from '../helpers/cli.ts';

const on = ['--engine', 'simulation', '-q', '-j', '1'];
const env = { PATH: process.env.PATH ?? '', XDG_CONFIG_HOME: '/nonexistent' };

describe.runIf(process.platform === 'linux')('standard output that cannot be written', () => {
  test.each(['--json', '--tag'])('ends the batch as a failure of ours: %s', async (flag) => {
    const batch = await Batch.create([
      { id: 'unwritten', line: 'echo out; exec sleep 60' },
      { id: 'after', command: ['true'] },
    ]);
    const args = ['-c', 'exec "$0" "$@" > /dev/full', binPath, 'batch', batch.file, ...on, flag];
    const ended = await execa('sh', args, {
      ...{ cwd: batch.workspace.path, env, extendEnv: false, reject: false },
    });
    expect([ended.exitCode, ended.signal]).toEqual([125, undefined]);
    expect(ended.stderr).toContain('cannot write to standard output: ENOSPC');
    expect(ended.stderr).not.toContain('interrupted');
    const summary = await batch.summary();
    expect(summary).toMatchObject({ ending: 'output-lost', exitCode: 125 });
    expect(statusesOf(summary)[1]).toBe('after not-run');
  });
});

describe('a reader of standard output that stands still', () => {
  /** Nobody ever reads what it prints. */
  async function unread(batch: Batch, args: readonly string[]) {
    // Of Node's own making it would be a socket, which holds more than a pipe does.
    const pipe = join(batch.workspace.root, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(pipe, constants.O_WRONLY);
    const program = spawn(binPath, ['batch', batch.file, ...on, ...args], {
      ...{ cwd: batch.workspace.path, env, stdio: ['ignore', writer, 'inherit'] },
    });
    closeSync(writer);
    onTestFinished(() => {
      program.kill('SIGKILL');
      closeSync(reader);
    });
    const [exitCode] = (await once(program, 'exit')) as [number | null];
    return exitCode;
  }

  test.each(['--tag', '--keep-order'])(
    'does not keep --deadline from ending it all: %s',
    async (flag) => {
      const batch = await Batch.create([
        { id: 'loud', command: ['yes'] },
        { id: 'behind', command: ['true'] },
      ]);
      const junit = join(batch.workspace.root, 'junit.xml');
      const exitCode = await batch.runToDeadline(1, async (deadline) => {
        return await unread(batch, [flag, '--deadline', deadline, '--junit', junit]);
      });
      expect(exitCode).toBe(1);
      const summary = await batch.summary();
      expect(summary?.ending).toBe('deadline');
      expect(statusesOf(summary)).toEqual(['loud cancelled', 'behind not-run']);
      expect((await readReceipt(summary?.tasks[0]?.receipt ?? '')).status).toBe('cancelled');
      expect(await readFile(junit, 'utf8')).toContain('skipped="2"');
    },
  );

  test('does not keep it from ending either where all tasks had ended before, and is no success', async () => {
    // More than a pipe holds, and so little that the task never has to wait.
    const line = "head -c 100000 /dev/zero | tr '\\0' x";
    const batch = await Batch.create([{ id: 'unread', line }]);
    expect(await unread(batch, ['--tag', '--deadline', '10s'])).toBe(125);
    expect(statusesOf(await batch.summary())).toEqual(['unread passed']);
  });
});
