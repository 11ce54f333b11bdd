import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { whyNotStartable } from '../../src/engine/simulation/find-program.ts';
import { currentPerson } from '../../src/engine/simulation/person.ts';
import type { ViewEntry } from '../../src/engine/simulation/sandbox-view.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

/** A host with a system directory and a workspace, and what is made in it. */
async function makeHost() {
  const root = await temporaryDirectory();
  for (const name of ['usr/bin', 'app/sub', 'data']) {
    await mkdir(join(root, name), { recursive: true });
  }
  const write = async (name: string, text = '#!/usr/bin/sh\n', mode = 0o755) => {
    await writeFile(join(root, name), text);
    await chmod(join(root, name), mode);
  };
  await write('usr/bin/sh', 'not a script');
  const bind = (source: string, target: string): ViewEntry => ({
    ...{ kind: 'bind', source: join(root, source), target, readOnly: true },
  });
  const view: ViewEntry[] = [
    bind('usr', '/usr'),
    { kind: 'symlink', target: '/bin', to: 'usr/bin' },
    { kind: 'memory', target: '/tmp', sizeBytes: 1 },
    { kind: 'proc', target: '/proc' },
    bind('app', '/workspace'),
    bind('data', '/workspace/data'),
  ];
  const outcome = (program: string, callerPath = '') => {
    const person = currentPerson();
    const where = { path: '/bin:/usr/local/bin:sub', directory: '/workspace' };
    const search = { ...where, program, view, person };
    return whyNotStartable({ ...search, callerPath })?.code ?? 'starts';
  };
  return { root, write, outcome, view };
}

test('a program is found as the task will find it: on PATH, through links, in mounts', async () => {
  const { root, write, outcome } = await makeHost();
  await write('app/run');
  await write('app/sub/relative');
  await write('data/tool');
  await symlink('/workspace/data/tool', join(root, 'app/absolute'));
  await symlink('../app/run', join(root, 'app/sub/escapes-to-nothing'));
  await symlink('../run', join(root, 'app/sub/up'));
  for (const program of [
    ...['sh', '/bin/sh', '/usr/bin/../bin/sh', './run', '/workspace/run', 'relative'],
    ...['./absolute', 'data/tool', 'sub/up'],
  ]) {
    expect([program, outcome(program)]).toEqual([program, 'starts']);
  }
  expect(outcome('sub/escapes-to-nothing')).toBe('command-not-found');
});

test.each(['nothing', './nothing', '/bin/nothing', '/tmp/nothing', '/etc/nothing', ''])(
  '%j is not found',
  async (program) => {
    expect((await makeHost()).outcome(program)).toBe('command-not-found');
  },
);

test('a link out of the view leads nowhere, whatever the host has there', async () => {
  const { root, write, outcome } = await makeHost();
  await write('outside');
  await symlink(join(root, 'outside'), join(root, 'app/out'));
  await symlink('../../../../../../../../../../bin/true', join(root, 'app/up'));
  await symlink('loop', join(root, 'app/loop'));
  expect(['./out', './up', './loop'].map((program) => outcome(program))).toEqual([
    ...['command-not-found', 'command-not-found', 'command-not-found'],
  ]);
});

test('what cannot be executed is told from what is not there', async () => {
  const { write, outcome } = await makeHost();
  await write('app/plain', 'text', 0o644);
  await write('app/no-interpreter', '#!/usr/bin/none\n');
  await write('app/outer-interpreter', '#!/sbin/anything\n');
  for (const program of ['./plain', './sub', './no-interpreter', './outer-interpreter']) {
    expect([program, outcome(program)]).toEqual([program, 'command-not-executable']);
  }
});

test('what only the kernel can tell is left to it', async () => {
  expect((await makeHost()).outcome('/proc/self/exe')).toBe('starts');
});

test('a program that is elsewhere on the host is named, with its directories', async () => {
  const { root, view } = await makeHost();
  const bin = join(root, 'tool/bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'mine'), '#!/usr/bin/sh\n', { mode: 0o755 });
  const where = { path: '/bin', directory: '/workspace' };
  const search = { ...where, program: 'mine', view, person: currentPerson() };
  const failure = whyNotStartable({ ...search, callerPath: `/nowhere:${bin}` });
  expect(failure?.hint).toContain(`-v ${root}/tool:${root}/tool -e PATH=${bin}:`);
});
