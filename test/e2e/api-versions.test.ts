import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeOn } from '../helpers/engines.ts';
import { type Span, versionedEngine } from '../helpers/versioned-engine.ts';
import { Workspace } from '../helpers/workspace.ts';

/** A task on an engine that speaks these versions, and the versions that it was asked in. */
async function runOn(span: Span, args: readonly string[]) {
  const workspace = await Workspace.create();
  const path = join(workspace.root, 'engine.sock');
  const spoken = new Set<string>();
  const engine = await versionedEngine(path, span, spoken);
  onTestFinished(engine.close);
  const onEngine = ['--engine', 'docker', '--host', `unix://${path}`];
  const result = await workspace.run([...onEngine, ...args]);
  return { result, spoken: [...spoken], receipt: await workspace.receipt() };
}

describeOn('docker', 'versions of the API', () => {
  test.each([
    { engine: '20.10', oldest: '1.12', newest: '1.41', version: '1.41' },
    { engine: '24', oldest: '1.12', newest: '1.43', version: '1.43' },
    { engine: '25', oldest: '1.24', newest: '1.44', version: '1.44' },
    { engine: '26', oldest: '1.24', newest: '1.45', version: '1.45' },
    { engine: '28', oldest: '1.24', newest: '1.48', version: '1.48' },
    { engine: '29', oldest: '1.44', newest: '1.52', version: '1.51' },
    { engine: 'later', oldest: '1.44', newest: '1.56', version: '1.51' },
  ])('engine $engine ($oldest to $newest) is asked in $version only', async (span) => {
    const line = 'echo out; echo err >&2; exit 7';
    // A plain image has no labels, no user and no entry point, and a newer engine leaves them out.
    const image = ['--image', 'debian:bookworm-slim'];
    const { result, spoken, receipt } = await runOn(span, [...image, '-c', line]);
    expect(result).toMatchObject({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
    expect(spoken).toEqual([span.version]);
    expect(receipt.engine?.apiVersion).toBe(span.version);
    expect(receipt.status).toBe('failed');
    expect(receipt.evidence).toMatchObject({ oomKills: 0, removed: true });
    expect(receipt.isolation.notEnforced).toEqual([]);
  });

  test.each([
    { oldest: '1.12', newest: '1.24' },
    { oldest: '1.12', newest: '1.40' },
    { oldest: '1.52', newest: '1.60' },
  ])('an engine that speaks $oldest to $newest is refused, and runs nothing', async (span) => {
    const { result, receipt } = await runOn(span, ['--', 'true']);
    expect(result.exitCode).toBe(125);
    expect(result.stderr).toContain(`it speaks ${span.oldest} to ${span.newest}, sandbox 1.41 to`);
    expect(result.stderr).toContain('Docker Engine 20.10 (API 1.41) or newer is needed');
    expect(receipt.error?.code).toBe('engine-api-version');
    expect(receipt.task).toBeNull();
  });
});
