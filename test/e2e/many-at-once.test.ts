import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { canBeApart, placeApart } from '../helpers/apart.ts';
import { finished, printed, readReceipt, runCli } from '../helpers/cli.ts';
import { containersOf, describeOnEach } from '../helpers/engines.ts';
import { temporaryFiles } from '../helpers/hostile-run.ts';
import { OwnEngine } from '../helpers/own-engine.ts';
import { Workspace } from '../helpers/workspace.ts';

const count = Number(process.env.SANDBOX_TEST_AT_ONCE ?? 20);
const limitMs = Math.max(90_000, count * 3_000);

async function ownTmpdir(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

describeOnEach('many that run on one engine and know nothing of each other', (engine) => {
  const on = ['--engine', engine, '-q', '--network', 'none'];

  test(
    `end each with a receipt of its own: ${count} at once`,
    async () => {
      const workspace = await Workspace.create();
      const TMPDIR = await ownTmpdir();
      const tasks = Array.from({ length: count }, (_, index) => ({
        id: `many-${process.pid}-${index}`,
        code: index % 5,
      }));
      const ends = tasks.map(async ({ id, code }) => {
        const args = [...on, '-m', '32m', '--id', id, '-c', `echo ${id}; exit ${code}`];
        const { exitCode, stdout, stderr } = await workspace.run(args, { env: { TMPDIR } });
        return { exitCode, stdout, stderr };
      });
      const expected = tasks.map(({ id, code }) => ({
        ...{ exitCode: code, stdout: `${id}\n`, stderr: '' },
      }));
      expect(await Promise.all(ends)).toEqual(expected);
      const names = tasks.map(({ id }) => `${id}.json`);
      expect((await workspace.receiptNames()).sort()).toEqual(names.sort());
      for (const { id, code } of tasks) {
        expect(await readReceipt(join(workspace.receiptsDir, `${id}.json`))).toMatchObject({
          ...{ id, exitCode: code, status: code === 0 ? 'passed' : 'failed' },
          ...{ stdout: { text: `${id}\n` }, evidence: { removed: true, outputComplete: true } },
        });
        if (engine === 'docker') expect(await containersOf(id)).toEqual([]);
      }
      expect(await temporaryFiles(TMPDIR)).toEqual([]);
    },
    limitMs,
  );

  const canStopAll = engine === 'docker' || canBeApart;
  const ending = 'are left alone by gc beside them, and ended each with its receipt by stop --all';
  test.skipIf(!canStopAll)(ending, async () => {
    const workspace = await Workspace.create();
    const TMPDIR = await ownTmpdir();
    // Not where everybody is: there are tasks of others.
    const own = engine === 'docker' ? await OwnEngine.start() : null;
    const prefix = own ? [] : await placeApart(workspace.path);
    if (own) onTestFinished(() => own.close());
    const place = own ? ['--host', own.host] : ['--engine', engine];
    const image = own ? ['--image', OwnEngine.image, '--pull', 'never'] : [];
    const ids = Array.from({ length: 10 }, (_, index) => `stopped-${process.pid}-${index}`);
    const runs = ids.map((id) => {
      const limits = ['-q', '--network', 'none', '-m', '32m', '--timeout', '80s'];
      const task = ['--id', id, '-c', `echo ${id}; exec sleep 600`];
      return workspace.start([...place, ...image, ...limits, ...task], { env: { TMPDIR }, prefix });
    });
    const options = { cwd: workspace.path, env: { TMPDIR }, input: '', prefix };
    const tidy = async (...args: string[]) => await runCli([...args, ...place], options);
    const early = tidy('gc');
    await Promise.all(runs.map((run, index) => printed(run.stdout, ids[index] ?? '')));
    // Without an engine a task is found a moment after it has begun to print.
    const found = async () => (await tidy('ps', '-q')).stdout.trim().split('\n').sort();
    await expect.poll(found).toEqual([...ids].sort());
    const tidied = await Promise.all([early, tidy('gc'), tidy('stop', '--all'), tidy('gc')]);
    expect(tidied.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      tidied.map(() => ({ exitCode: 0, stderr: '' })),
    );
    expect(tidied[2].stdout.trim().split('\n').sort()).toEqual([...ids].sort());
    const ends = await Promise.all(runs.map((run) => finished(run)));
    expect(ends.map(({ exitCode }) => exitCode)).toEqual(ids.map(() => 143));
    expect((await workspace.receiptNames()).sort()).toEqual(ids.map((id) => `${id}.json`).sort());
    for (const id of ids) {
      expect(await readReceipt(join(workspace.receiptsDir, `${id}.json`))).toMatchObject({
        ...{ id, status: 'cancelled', exitCode: 143, stdout: { text: `${id}\n` } },
        evidence: { removed: true },
      });
    }
    expect((await own?.docker.listContainers({ all: true })) ?? []).toEqual([]);
    expect(await temporaryFiles(TMPDIR)).toEqual([]);
  });

  test.each([
    ['one receipt', () => []],
    ['a receipt each', (index: number) => ['--receipt', `../receipts/${index}.json`]],
  ] as const)('with the same id and %s: one of ten runs', async (_, place) => {
    const workspace = await Workspace.create();
    const TMPDIR = await ownTmpdir();
    const id = `same-${process.pid}-${engine}`;
    const starts = Array.from({ length: 10 }, (__, index) => {
      const args = [...on, '--id', id, ...place(index), '-c', 'echo ready; read -r line; exit 7'];
      return workspace.start(args, { env: { TMPDIR } });
    });
    const isRefused = starts.map((run) => printed(run.stdout, 'ready').then(isFalse, isTrue));
    const refusals = await allButOne(isRefused);
    expect(refusals).toEqual(Array<boolean>(9).fill(true));
    for (const run of starts) run.stdin.end('go\n');
    const ends = await Promise.all(starts.map((run) => finished(run)));
    const ran = ends.filter(({ exitCode }) => exitCode === 7);
    expect(ran.map(({ stdout }) => stdout)).toEqual(['ready\n']);
    for (const { exitCode, stdout, stderr } of ends.filter((end) => !ran.includes(end))) {
      expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' });
      expect(stderr).toMatch(/is running already|a running task will write/);
    }
    await expectReceipts(workspace, { own: place(0).length === 0 });
    if (engine === 'docker') expect(await containersOf(id)).toEqual([]);
    expect(await temporaryFiles(TMPDIR)).toEqual([]);
  });
});

/** Nine refused ones must neither replace the receipt of the one that ran nor leave a lock beside it. */
async function expectReceipts(workspace: Workspace, { own }: { own: boolean }): Promise<void> {
  if (own) {
    expect(await workspace.receipt()).toMatchObject({ status: 'failed', exitCode: 7 });
    return;
  }
  const directory = join(workspace.root, 'receipts');
  const names = (await readdir(directory)).filter((name) => /^\d\.json$/.test(name));
  expect((await readdir(directory)).sort()).toEqual(names.sort());
  const receipts = await Promise.all(names.map((name) => readReceipt(join(directory, name))));
  expect(receipts.filter(({ exitCode }) => exitCode === 7)).toHaveLength(1);
  const others = receipts.filter(({ exitCode }) => exitCode !== 7);
  for (const { status, error } of others)
    expect({ status, code: error?.code }).toEqual({ status: 'not-started', code: 'id-in-use' });
}

const isTrue = () => true;
const isFalse = () => false;

/** Those that come true; resolves when one is left that may not. */
async function allButOne(all: readonly Promise<boolean>[]): Promise<boolean[]> {
  const seen: boolean[] = [];
  return await new Promise((resolve) => {
    for (const one of all) {
      void one.then((value) => {
        if (value) seen.push(value);
        if (seen.length >= all.length - 1) resolve(seen);
      });
    }
  });
}
