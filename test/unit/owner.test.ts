import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Owner,
  currentOwner,
  isDead,
  ownerState,
  parseOwner,
} from '../../src/engine/owner.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const observer = currentOwner();

describe('isDead', () => {
  test.each<[string, Partial<Owner>, boolean]>([
    ['the observer itself', {}, false],
    ['of another start time, so that its pid was reused,', { pidStart: '1' }, true],
    ['with a pid that nobody has', { pid: 2 ** 30 }, true],
    ['of an earlier boot', { bootId: 'earlier', pidNamespace: 'other' }, true],
    ['of another host', { host: 'other', pidStart: '1' }, false],
    ['of another host and boot', { host: 'other', bootId: 'other' }, false],
    ['of another PID namespace', { pidNamespace: 'pid:[1]', pidStart: '1' }, false],
    ['of an unknown boot', { bootId: null, pidStart: '1' }, false],
    ['of an unknown PID namespace', { pidNamespace: null, pidStart: '1' }, false],
    ['of an unknown start time', { pidStart: null, pid: 2 ** 30 }, false],
  ])('That an owner %s is dead is certain: %j %s', (_, changes, expected) => {
    expect(isDead({ ...observer, ...changes }, observer)).toBe(expected);
  });

  test.each<Partial<Owner>>([{ bootId: null }, { pidNamespace: null }])(
    'An observer who does not know where it is (%j) calls nobody dead',
    (changes) => {
      const dead = { ...observer, ...changes, pidStart: '1' };
      expect(isDead(dead, { ...observer, ...changes })).toBe(false);
    },
  );

  test('A process whose name looks like a part of its record lives, and is dead once it is', async () => {
    const program = join(await temporaryDirectory(), 'a) S 1 (b');
    await symlink('/bin/sh', program);
    const child = spawn(program, ['-c', 'echo ready; read line'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    const owner = { ...observer, pid: child.pid ?? 0, pidStart: startFromTheEnd(child.pid ?? 0) };
    expect(isDead(owner, observer)).toBe(false);
    child.kill('SIGKILL');
    await exited;
    expect(isDead(owner, observer)).toBe(true);
  });
});

/** Field 22 of 52, counted from the other end than the code does (man 5 proc). */
function startFromTheEnd(pid: number): string {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').trim().split(' ');
  return fields.at(22 - 52 - 1) ?? '?';
}

test.each<[string, Partial<Owner>, string]>([
  ['itself', {}, 'alive'],
  ['who is certainly dead', { pidStart: '1' }, 'dead'],
  ['of another host', { host: 'other' }, 'unknown'],
  ['of another PID namespace', { pidNamespace: 'pid:[1]' }, 'unknown'],
  ['of an unknown start time', { pidStart: null }, 'unknown'],
])('An observer sees an owner %s as it can be known: %j %s', (_, changes, expected) => {
  expect(ownerState({ ...observer, ...changes }, observer)).toBe(expected);
  expect(ownerState({ ...observer, ...changes }, null)).toBe('unknown');
});

describe('parseOwner', () => {
  test('What is written for an owner is read back as the same', () => {
    expect(parseOwner(JSON.stringify(observer))).toEqual(observer);
  });

  test('What is not known stays unknown', () => {
    const unknown = { bootId: null, pidNamespace: null, pidStart: null, uid: null };
    expect(parseOwner('{"host":"h","pid":1}')).toEqual({ host: 'h', pid: 1, ...unknown });
    expect(parseOwner('{"host":"h","pid":1,"bootId":5,"pidStart":7}')).toMatchObject(unknown);
  });

  test.each([undefined, '', '{', 'null', '[]', '"host"', '{"host":"h"}', '{"pid":1}'])(
    '%s is no owner',
    (text) => {
      expect(parseOwner(text)).toBeNull();
    },
  );

  test.each(['{"host":1,"pid":1}', '{"host":"h","pid":"1"}'])('%s is no owner', (text) => {
    expect(parseOwner(text)).toBeNull();
  });
});
