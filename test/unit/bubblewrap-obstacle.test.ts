import { expect, test } from 'vitest';
import {
  type KernelSettings,
  explainRefusal,
  notInstalled,
} from '../../src/engine/simulation/bubblewrap-obstacle.ts';

const fine: KernelSettings = {
  ...{ unprivilegedUserns: '1', apparmorRestricts: '0', mostUserns: '96365' },
  ...{ isContainer: false, isRoot: false },
};

test.each<[Partial<KernelSettings>, string, string]>([
  [{ unprivilegedUserns: '0' }, 'kernel.unprivileged_userns_clone=0', 'sudo sysctl -w kernel.un'],
  [{ mostUserns: '0' }, 'user.max_user_namespaces=0', 'sudo sysctl -w user.max_user_namespaces='],
  [{ mostUserns: '0', isRoot: true }, 'user.max_user_namespaces=0', 'sysctl'],
  [{ apparmorRestricts: '1' }, 'apparmor_restrict_unprivileged_userns=1', 'apparmor-profiles'],
  [{ isContainer: true }, 'forbidden in this container', 'seccomp=unconfined'],
  // What holds for others only does not explain what happened to root.
  [{ unprivilegedUserns: '0', isRoot: true }, 'bwrap: no luck', 'by hand'],
  [{}, 'bwrap: no luck', 'by hand'],
])('%j is named, with its remedy', (changes, reason, remedy) => {
  const obstacle = explainRefusal('bwrap: no luck\nmore', { ...fine, ...changes });
  expect(obstacle.reason).toContain(reason);
  expect(obstacle.remedy).toContain(remedy);
});

test('a system without bubblewrap is told what it is', () => {
  expect(notInstalled('linux').remedy).toContain('Install the package bubblewrap');
  expect(notInstalled('darwin').reason).toContain('macOS');
  expect(notInstalled('win32').reason).toContain('Windows');
});
