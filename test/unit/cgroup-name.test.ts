import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cgroupName, isAbandonedName } from '../../src/engine/simulation/cgroup-name.ts';
import { currentOwner } from '../../src/engine/owner.ts';

describe.runIf(process.platform === 'linux')('the name of a cgroup', () => {
  test('tells whether its owner is alive', async () => {
    expect(isAbandonedName(cgroupName('my.task-1'))).toBe(false);
    const child = spawn('sleep', ['100']);
    const pid = child.pid ?? 0;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const pidStart = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const name = cgroupName('my.task-1', { ...currentOwner(), pid, pidStart });
    expect(isAbandonedName(name)).toBe(false);
    child.kill();
    await once(child, 'exit');
    expect(isAbandonedName(name)).toBe(true);
  });

  test('is somebody else’s where it is not certain', () => {
    const elsewhere = { ...currentOwner(), pidNamespace: 'pid:[1]', pid: 1, pidStart: '1' };
    const names = ['sandbox-x', 'other.1.2.3', 'sandbox-x.1.2', cgroupName('x', elsewhere)];
    expect(names.filter((name) => isAbandonedName(name))).toEqual([]);
  });

  test('is no longer than a file name may be', () => {
    const owner = { ...currentOwner(), pid: 4_194_304, pidStart: '99999999999999' };
    expect(cgroupName('x'.repeat(63), owner).length).toBeLessThan(255);
  });
});
