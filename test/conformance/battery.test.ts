import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { battery } from '../../src/prove/battery.ts';
import type { Proof } from '../../src/prove/prove.ts';
import { projectRoot, runCli } from '../helpers/cli.ts';
import { chosen, describeOnAll, docker } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';
import { notPromisedIn } from '../unit/generated/security-table.ts';

const runtimes: readonly string[] = await docker.info().then(
  (info: { Runtimes?: object }) => Object.keys(info.Runtimes ?? {}),
  () => [],
);
const securityText = await readFile(join(projectRoot, 'docs/security.md'), 'utf8');

/** Every promise of the level is kept, and what it does not promise is what docs/security.md says. */
async function expectHeld(args: readonly string[]): Promise<Proof> {
  const { path } = await Workspace.create();
  const result = await runCli(['doctor', '--prove', '--json', ...args], { cwd: path });
  const proof = JSON.parse(result.stdout) as Proof;
  expect(proof).toHaveProperty('rows');
  const failed = proof.rows.filter(({ verdict }) => ['broken', 'unproven'].includes(verdict));
  expect(failed).toEqual([]);
  expect({ ok: proof.ok, exitCode: result.exitCode }).toEqual({ ok: true, exitCode: 0 });
  expect(proof.rows.map(({ name }) => name)).toEqual(battery.map(({ name }) => name));
  const byLevel = proof.rows.filter(({ evidence }) => evidence.startsWith('level '));
  const documented = notPromisedIn(securityText, proof.level);
  expect(byLevel.map(({ name }) => name).sort()).toEqual(documented.sort());
  return proof;
}

describeOnAll('the battery of hostile probes', (engine) => {
  test('every promise is held', async () => {
    const proof = await expectHeld(chosen(engine));
    expect(proof.engine?.name).toBe(engine === 'simulation' ? 'simulation' : 'docker');
    if (engine === 'simulation') return;
    expect(proof.level).toBe('container');
    // An engine was asked for everything: nothing is excused there.
    expect(proof.rows.filter(({ verdict }) => verdict === 'not-promised')).toEqual([]);
  });

  // With the host's network nothing is left of the level but what the program itself keeps.
  test.skipIf(engine !== 'simulation')('every promise of level none is held', async () => {
    const proof = await expectHeld([...chosen(engine), '--network', 'egress']);
    expect(proof.level).toBe('none');
  });

  test.skipIf(engine !== 'docker' || !runtimes.includes('runsc'))(
    'every promise of gVisor is held',
    async () => {
      const proof = await expectHeld(['--runtime', 'runsc', '--network', 'none']);
      expect(proof.level).toBe('gvisor');
    },
  );
});
