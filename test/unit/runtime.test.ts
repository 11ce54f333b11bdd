import type Docker from 'dockerode';
import { describe, expect, test } from 'vitest';
import { engineInfo } from '../../src/engine/docker/engine-info.ts';
import { checkRuntime, checkRuntimeInForce, levelOf } from '../../src/engine/docker/runtime.ts';
import { failureOf } from './support/failure.ts';

const infoWith = (Runtimes: object) => engineInfo({ DefaultRuntime: 'runc', Runtimes });

describe('the isolation level of a runtime', () => {
  test.each<[string, string, object]>([
    ['container', 'runc', { path: 'runc' }],
    ['container', 'runsc', { path: '/usr/bin/runc' }],
    ['container', 'runsc', {}],
    ['container', 'runsc', { path: null, runtimeType: null, options: null }],
    ['container', 'kata', { runtimeType: 'io.containerd.runc.v2' }],
    ['container', 'x', { path: '/opt/not-runsc' }],
    ['container', 'x', { path: '/runsc/crun' }],
    ['container', 'x', { path: 'runc', runtimeArgs: ['runsc'] }],
    ['gvisor', 'foo', { path: '/usr/bin/runsc' }],
    ['gvisor', 'runsc', { path: 'runsc', runtimeArgs: ['--platform=ptrace'] }],
    ['gvisor', 'foo', { runtimeType: 'io.containerd.runsc.v1' }],
    ['gvisor', 'foo', { runtimeType: '/usr/local/bin/containerd-shim-runsc-v1' }],
    [
      'gvisor',
      'foo',
      { runtimeType: 'io.containerd.runc.v2', options: { BinaryName: '/opt/runsc' } },
    ],
    ['vm', 'foo', { path: '/usr/bin/kata-runtime' }],
    ['vm', 'foo', { runtimeType: 'io.containerd.kata.v2' }],
    ['vm', 'foo', { runtimeType: 'io.containerd.kata-qemu.v2' }],
  ])('%s: %s is %j', (level, name, said) => {
    expect(levelOf(name, infoWith({ [name]: said }))).toBe(level);
  });

  test.each([null, 'unknown', 'constructor', '__proto__'])(
    'It is no more than a container where the engine tells nothing of %j',
    (name) => {
      expect(levelOf(name, infoWith({}))).toBe('container');
    },
  );
});

describe('a runtime that was asked for', () => {
  const info = infoWith({ runc: { path: 'runc' }, runsc: { path: 'runsc' } });

  test.each([null, 'runc', 'runsc'])('%j is taken', (name) => {
    expect(() => checkRuntime(name, info)).not.toThrow();
  });

  test.each(['kata', 'constructor', ''])(
    '%j is refused, with those that there are',
    async (name) => {
      const failure = await failureOf(() => checkRuntime(name, info));
      expect(failure.code).toBe('not-enforceable');
      expect(failure.message).toContain(`"${name}"`);
      expect(failure.hint).toContain('It has runc, runsc.');
    },
  );
});

test('An answer with fields of other types is read as far as it can be', () => {
  const info = infoWith({ odd: { path: 7, runtimeArgs: 'x', options: [] } });
  expect(levelOf('odd', info)).toBe('container');
});

test.each([
  [null, 'oci', true],
  [null, undefined, true],
  ['runsc', 'runsc', true],
  ['runsc', 'oci', false],
  ['runsc', undefined, false],
])('Where %j was asked for and the engine says %j, that it runs is %s', (asked, Runtime, runs) => {
  const inspected = { HostConfig: { Runtime } } as Docker.ContainerInspectInfo;
  const check = () => checkRuntimeInForce(asked, inspected);
  if (runs) expect(check).not.toThrow();
  else expect(check).toThrow('was asked for the runtime "runsc"');
});
