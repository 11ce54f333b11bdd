import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { exitCodeTable } from '../../src/outcome/exit-code.ts';
import { receiptSchema } from '../../src/receipt/receipt.ts';
import { projectRoot } from '../helpers/cli.ts';
import { describeOn, describeOnEach } from '../helpers/engines.ts';
import { capability } from '../helpers/simulation.ts';
import { Workspace } from '../helpers/workspace.ts';

const read = async (path: string) => await readFile(join(projectRoot, path), 'utf8');

describe('what the README shows', () => {
  test('the example from code is the one that is tested', async () => {
    expect(await read('README.md')).toContain(await read('docs/examples/run-task.mjs'));
  });

  test('every exit code of the program is in its table', async () => {
    const readme = await read('README.md');
    for (const [code] of exitCodeTable) expect(readme).toContain(code);
  });

  test('the receipt is a valid one, and the shortened one says the same', async () => {
    const whole = v.parse(receiptSchema, JSON.parse(await read('docs/receipt-example.json')));
    const shortened = /```json\n(.*?)```/s.exec(await read('README.md'))?.[1] ?? '';
    expect(whole).toMatchObject(JSON.parse(shortened) as object);
  });
});

describeOn('docker', 'the README’s first command', () => {
  test('prints and returns what it says, and writes that receipt', async () => {
    const workspace = await Workspace.create();
    const args = ['--timeout', '30s', '--', 'sh', '-c', 'echo hello; exit 3'];
    const { stdout, stderr, exitCode } = await workspace.run(args);
    expect([stdout, stderr, exitCode]).toEqual(['hello\n', '', 3]);
    const shortened = /```json\n(.*?)```/s.exec(await read('README.md'))?.[1] ?? '';
    expect(await workspace.receipt()).toMatchObject(JSON.parse(shortened) as object);
  });
});

describeOnEach('the README’s example from code', (engine) => {
  test('runs as it stands', async () => {
    const workspace = await Workspace.create();
    // Nothing answers there, so the example falls back to simulation.
    const env = engine === 'simulation' ? { DOCKER_HOST: 'unix:///nonexistent.sock' } : {};
    const { stdout } = await execa(
      process.execPath,
      [join(projectRoot, 'docs/examples/run-task.mjs'), workspace.path],
      { env, cwd: projectRoot },
    );
    const level = engine === 'simulation' ? capability.level : 'container';
    expect(stdout).toBe(`checking\npassed 0 ${level}`);
  });
});
