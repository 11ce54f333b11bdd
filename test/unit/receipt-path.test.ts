import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { problemsOf } from './support/failure.ts';
import { Surroundings, layerOf } from './support/surroundings.ts';

describe('the place of a receipt', () => {
  test.each([
    ['by default', {}, {}, 'app.receipts/7.json'],
    ['with SANDBOX_RECEIPT_DIR', {}, { SANDBOX_RECEIPT_DIR: '../out/deep' }, 'out/deep/7.json'],
    ['with --receipt and a new file', { receipt: '../out/r.json' }, {}, 'out/r.json'],
    ['with --receipt and a new directory', { receipt: '../out/' }, {}, 'out/7.json'],
    ['with --receipt and a directory that is there', { receipt: '../home' }, {}, 'home/7.json'],
    [
      'with both',
      { receipt: '../out/r.json' },
      { SANDBOX_RECEIPT_DIR: '../elsewhere' },
      'out/r.json',
    ],
  ])('%s it is beside the workspace or where the caller said', async (...row) => {
    const [, flags, env, path] = row;
    const around = await Surroundings.create();
    const spec = await around.resolve({ flags: layerOf({ id: '7', ...flags }) }, { env });
    expect(spec.receiptPath).toBe(join(around.root, path));
  });

  test('Through a symlink it is the real directory, also where that has to be made', async () => {
    const around = await Surroundings.create();
    await symlink(around.home, join(around.root, 'link'));
    const flags = layerOf({ receipt: '../link/new/r.json' });
    expect((await around.resolve({ flags })).receiptPath).toBe(join(around.home, 'new/r.json'));
  });

  test('Beside a workspace that was named through a symlink it is beside the real one', async () => {
    const around = await Surroundings.create();
    await symlink(around.workspace, join(around.home, 'link'));
    const flags = layerOf({ id: '7', workspace: join(around.home, 'link') });
    expect((await around.resolve({ flags })).receiptPath).toBe(
      `${around.workspace}.receipts/7.json`,
    );
  });
});

test('A symlink that lies where receipts go by default is not followed', async () => {
  const around = await Surroundings.create();
  await symlink(around.home, `${around.workspace}.receipts`);
  const [problem] = await problemsOf(() => around.resolve());
  expect(problem).toContain(
    `expected a directory at ${around.workspace}.receipts, found a symlink`,
  );
  const flags = layerOf({ receipt: '../app.receipts/r.json' });
  expect((await around.resolve({ flags })).receiptPath).toBe(join(around.home, 'r.json'));
});

describe('a receipt that the task could write to', () => {
  const expected = 'expected a path that the task cannot write to';

  test.each([
    ['in the workspace', 'r.json'],
    ['in a directory of the workspace', 'deep/er/r.json'],
    ['in the workspace as a directory', './'],
    ['in the workspace by way of ..', '../home/../app/r.json'],
    ['in the workspace through a symlink', '../link/r.json'],
    ['in a new directory of the workspace through a symlink', '../link/new/r.json'],
    ['in a mount that the task may write to', '../data/r.json'],
  ])('%s is a problem', async (_, receipt) => {
    const around = await Surroundings.create();
    await mkdir(join(around.root, 'data'));
    await symlink(around.workspace, join(around.root, 'link'));
    const request = { flags: layerOf({ receipt }), volumes: ['../data:/data:rw'] };
    const problems = await problemsOf(() => around.resolve(request));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`--receipt: ${expected}`);
  });

  test('is a problem of SANDBOX_RECEIPT_DIR where that says it', async () => {
    const around = await Surroundings.create();
    const env = { SANDBOX_RECEIPT_DIR: '.' };
    const [problem] = await problemsOf(() => around.resolve({}, { env }));
    expect(problem).toContain(`SANDBOX_RECEIPT_DIR: ${expected}`);
  });

  test('A mount that the task can only read may hold it', async () => {
    const around = await Surroundings.create();
    const flags = layerOf({ receipt: '../data/r.json' });
    await mkdir(join(around.root, 'data'));
    const spec = await around.resolve({ flags, volumes: ['../data:/data'] });
    expect(spec.receiptPath).toBe(join(around.root, 'data/r.json'));
  });

  test('A neighbour whose name begins like the workspace is not inside it', async () => {
    const around = await Surroundings.create();
    const flags = layerOf({ receipt: '../app2/r.json' });
    expect((await around.resolve({ flags })).receiptPath).toBe(join(around.root, 'app2/r.json'));
  });
});
