import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkWorkdir } from '../../src/engine/workdir.ts';
import type { TaskSpec } from '../../src/spec/task-spec.ts';
import { failureOf } from './support/failure.ts';
import { taskSpec } from './support/task-spec.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

async function host() {
  const root = await temporaryDirectory();
  for (const name of ['app/sub', 'data/deep', 'other']) {
    await mkdir(join(root, name), { recursive: true });
  }
  await writeFile(join(root, 'app/file'), '');
  const links = {
    near: 'sub',
    absolute: '/workspace/sub',
    across: '/data/deep',
    out: join(root, 'other'),
    up: '../other',
    dangling: 'nothing',
    round: 'round',
    image: '/usr',
  };
  for (const [name, target] of Object.entries(links))
    await symlink(target, join(root, 'app', name));
  const mounts: TaskSpec['mounts'] = [
    { type: 'bind', source: join(root, 'data'), target: '/data', readOnly: true },
    { type: 'volume', source: 'cache', target: '/srv/cache', readOnly: false },
    { type: 'bind', source: join(root, 'other'), target: '/workspace/inner/most', readOnly: true },
  ];
  return taskSpec({ workspace: join(root, 'app'), mounts });
}

test.each([
  '/workspace',
  '/workspace/sub',
  '/workspace/near',
  '/workspace/absolute',
  '/workspace/across',
  '/workspace/inner',
  '/workspace/inner/most',
  '/data',
  '/data/deep',
  '/tmp',
  '/home/sandbox',
  '/home',
  '/srv',
  '/srv/cache',
])('%s is there', async (workdir) => {
  expect(await checkWorkdir({ ...(await host()), workdir })).toBe(true);
});

test.each(['/usr', '/srv/cache/deep', '/workspaces', '/data2'])(
  '%s is left to the engine',
  async (workdir) => {
    expect(await checkWorkdir({ ...(await host()), workdir })).toBe(false);
  },
);

test.each([
  ['/workspace/nothing', 'does not exist'],
  ['/workspace/sub/nothing', 'does not exist'],
  ['/workspace/dangling', 'does not exist'],
  ['/workspace/round', 'does not exist'],
  ['/workspace/near/nothing', 'does not exist'],
  ['/data/nothing', 'does not exist'],
  ['/tmp/nothing', 'does not exist'],
  ['/workspace/inner/most/nothing', 'does not exist'],
  ['/workspace/file', 'is not a directory'],
  ['/workspace/file/below', 'is not a directory'],
  ['/workspace/out', 'leads out'],
  ['/workspace/up', 'leads out'],
  ['/workspace/image', 'leads out'],
])('%s is refused: it %s', async (workdir, reason) => {
  const spec = { ...(await host()), workdir };
  const failure = await failureOf(() => checkWorkdir(spec));
  expect(failure.code).toBe('start-failed');
  expect(failure.message).toContain(`the working directory ${workdir} ${reason}`);
});

test('while a copy of the workspace is filling, only what is elsewhere is looked at', async () => {
  const spec = await host();
  const check = (workdir: string) => checkWorkdir({ ...spec, workdir }, { isFilled: false });
  expect(await check('/workspace/nothing')).toBe(true);
  expect(await check('/usr')).toBe(false);
  await expect(check('/data/nothing')).rejects.toThrow('does not exist');
});
