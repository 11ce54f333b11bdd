import { describe, expect, test } from 'vitest';
import { type Check, good } from '../../src/doctor/check.ts';
import { Patient } from '../../src/doctor/patient.ts';
import { type Distribution, type Platform, distributionOf } from '../../src/doctor/platform.ts';
import { remedyOf } from '../../src/doctor/remedy.ts';
import { runChecks } from '../../src/doctor/run-checks.ts';
import { engineMissingHint } from '../../src/engine/engine.ts';
import { SandboxFailure } from '../../src/failure.ts';
import { taskSpec } from './support/task-spec.ts';

const never = new AbortController().signal;
const platform: Platform = {
  distribution: 'debian',
  hasEngineProgram: false,
  hasSystemd: true,
};

describe('distributionOf', () => {
  const linux = (osRelease: string, kernel = '6.1.0') =>
    distributionOf({ platform: 'linux', kernel, osRelease });

  test.each<[string, Distribution]>([
    ['ID=debian\n', 'debian'],
    ['ID=linuxmint\nID_LIKE="ubuntu debian"\n', 'debian'],
    ['NAME="Rocky"\nID="rocky"\nID_LIKE="rhel centos fedora"\n', 'fedora'],
    ['ID=arch\n', 'other'],
    ['', 'other'],
  ])('%j', (osRelease, expected) => {
    expect(linux(osRelease)).toBe(expected);
  });

  test('other systems', () => {
    expect(linux('ID=debian\n', '5.15.0-microsoft-standard-WSL2')).toBe('wsl');
    const facts = { kernel: '24.0.0', osRelease: '' };
    expect(distributionOf({ platform: 'darwin', ...facts })).toBe('macos');
    expect(distributionOf({ platform: 'win32', ...facts })).toBe('windows');
  });
});

describe('remedyOf', () => {
  const missing = new SandboxFailure('engine-not-found', 'none', { hint: engineMissingHint });
  const denied = new SandboxFailure('engine-permission-denied', 'no');

  test.each<[Distribution, string]>([
    ['debian', 'apt-get install docker.io'],
    ['fedora', 'dnf install moby-engine'],
    ['wsl', 'WSL integration'],
    ['macos', 'open -a Docker'],
    ['windows', 'Start Docker Desktop'],
    ['other', 'Podman'],
  ])('a missing engine on %s', (distribution, words) => {
    expect(remedyOf(missing, { ...platform, distribution })).toContain(words);
  });

  test('an engine that is installed is only started', () => {
    const remedy = remedyOf(missing, { ...platform, hasEngineProgram: true, hasSystemd: false });
    expect(remedy).toMatch(/^Start it: sudo service docker start\./);
  });

  test('an engine that was named is looked for where it was named', () => {
    const named = new SandboxFailure('engine-not-found', 'none', { hint: 'Check DOCKER_HOST.' });
    expect(remedyOf(named, platform)).toBe('Check DOCKER_HOST.');
  });

  test('a refused socket', () => {
    expect(remedyOf(denied, platform)).toMatch(/usermod.*rootless/);
    expect(remedyOf(denied, { ...platform, distribution: 'macos' })).not.toContain('usermod');
  });

  test('any other failure has its own hint', () => {
    const failure = new SandboxFailure('image-not-found', 'no', { hint: 'Build it.' });
    expect(remedyOf(failure, platform)).toBe('Build it.');
  });
});

describe('runChecks', () => {
  const run = async (checks: readonly Check[]) =>
    await runChecks(checks, new Patient(taskSpec(), { platform, env: {}, cancel: never }), never);
  const common = { limitMs: 10_000, needs: [] };

  test('a check that hangs is given up, told to end, and holds up nothing', async () => {
    let wasTold = false;
    const hanging: Check = {
      ...common,
      name: 'hanging',
      limitMs: 20,
      run: (_patient, cancel) =>
        new Promise((_, reject) => {
          cancel.addEventListener('abort', () => {
            wasTold = true;
            reject(new Error('told to end'));
          });
        }),
    };
    const quick: Check = { ...common, name: 'quick', run: () => Promise.resolve(good('fine')) };
    const rows = await run([hanging, quick]);
    expect(rows.map(({ ok, finding }) => [ok, finding])).toEqual([
      [false, 'no answer within 0.02 s'],
      [true, 'fine'],
    ]);
    expect(wasTold).toBe(true);
  });

  test('a check is not made without what it needs', async () => {
    const failing: Check = {
      ...common,
      name: 'first',
      run: () => Promise.reject(new SandboxFailure('engine-error', 'broken', { hint: 'Mend it.' })),
    };
    const after: Check = {
      ...common,
      name: 'second',
      needs: ['first'],
      run: () => Promise.reject(new Error('must not run')),
    };
    const rows = await run([failing, after]);
    expect(rows).toMatchObject([
      { name: 'first', ok: false, finding: 'broken', remedy: 'Mend it.' },
      {
        name: 'second',
        ok: false,
        checked: false,
        finding: 'not checked, because of: first',
        remedy: null,
      },
    ]);
  });

  test('a check that does not apply has no row', async () => {
    const other: Check = {
      ...common,
      name: 'other',
      applies: () => false,
      run: () => Promise.reject(new Error('must not run')),
    };
    expect(await run([other])).toEqual([]);
  });
});
