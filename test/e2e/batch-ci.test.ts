import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Batch } from '../helpers/batch.ts';

const on = ['--engine', 'simulation', '-q'];

describe('in CI', () => {
  test('a step summary that cannot be written is told before anything starts', async () => {
    const batch = await Batch.create([{ id: 'sectioned', line: 'echo x > ran' }]);
    for (const path of [batch.workspace.path, join(batch.workspace.root, 'none', 'summary.md')]) {
      const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: path };
      const { exitCode, stderr, summary } = await batch.run(on, { env });
      expect([exitCode, summary]).toEqual([125, null]);
      expect(stderr).toContain(`cannot write GITHUB_STEP_SUMMARY (${path})`);
      expect(await batch.workspace.receiptNames()).toEqual([]);
    }
  });

  test('of two that are set GitHub has its form, and the other none', async () => {
    const batch = await Batch.create([{ id: 'annotated', command: ['false'] }]);
    const env = { GITHUB_ACTIONS: 'true', GITLAB_CI: 'true', GITHUB_STEP_SUMMARY: '' };
    const { stdout } = await batch.run(on, { env });
    expect(stdout).toContain('::group::annotated: failed');
    expect(stdout).not.toContain('section_start');
  });
});

test('a seccomp file of another content makes another task', async () => {
  const batch = await Batch.create([{ id: 'sectioned', command: ['true'] }]);
  const profile = join(batch.workspace.root, 'profile.json');
  const digest = async (text: string) => {
    await writeFile(profile, text);
    await chmod(profile, 0o600);
    const { stdout } = await batch.run([
      '--security-opt',
      `seccomp=${profile}`,
      '--dry-run',
      '--json',
    ]);
    return (JSON.parse(stdout) as { task: { seccompDigest: string } }).task.seccompDigest;
  };
  const [first, second, again] = [await digest('{}'), await digest('{ }'), await digest('{}')];
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect([second === first, again === first]).toEqual([false, true]);
});
