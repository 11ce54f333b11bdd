import { mkdir, mkdtemp, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test, vi } from 'vitest';
import { currentOwner } from '../../src/engine/owner.ts';
import { secretsDirectory } from '../../src/engine/secrets-directory.ts';
import { printed, startCli } from '../helpers/cli.ts';
import { describeOn } from '../helpers/engines.ts';
import { Workspace } from '../helpers/workspace.ts';

const on = ['--engine', 'simulation'];
const dead = { ...currentOwner(), pidStart: '1' };

/** A temporary directory that no other run uses. */
async function ownTmpdir(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  onTestFinished(() => execa('rm', ['-rf', path]).then(() => undefined));
  return path;
}

async function sign(directory: string, owner: object): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(join(directory, '.owner'), JSON.stringify(owner));
}

describeOn('simulation', 'what a killed sandbox left', () => {
  test('of a task is removed by the next run, whatever its id, and not what is in use', async () => {
    const workspace = await Workspace.create();
    const TMPDIR = await ownTmpdir();
    const start = async (id: string) => {
      const args = [...on, '--id', id, '-c', 'echo ready; exec sleep 60'];
      const running = workspace.start(args, { env: { TMPDIR } });
      onTestFinished(() => void running.kill('SIGKILL'));
      await printed(running.stdout, 'ready');
      // Not the promise itself, which would be waited for.
      return { running };
    };
    const [killed, again] = await Promise.all(['killed', 'again', 'living'].map(start));
    for (const one of [killed, again]) {
      one?.running.kill('SIGKILL');
      await one?.running;
    }
    const own = join(TMPDIR, `sandbox-${process.getuid?.() ?? 0}`);
    const left = async () => [await readdir(join(own, 'tasks')), await readdir(join(own, 'locks'))];
    expect((await left()).map((names) => names.sort())).toEqual([
      ['again', 'killed', 'living'],
      ['again', 'killed', 'living'],
    ]);
    // An id is free at once, though the run sweeps it as well.
    const next = await workspace.run([...on, '--id', 'again', 'true'], { env: { TMPDIR } });
    expect(next).toMatchObject({ exitCode: 0 });
    expect(await left()).toEqual([['living'], ['living']]);
    expect(await readdir(join(own, 'swept'))).toEqual([]);
  });

  test('of secrets is removed by a run without an engine as well', async () => {
    const workspace = await Workspace.create();
    const folder = await secretsDirectory();
    const [left, used] = [`dead-sim-${process.pid}.0`, `living-sim-${process.pid}.0`];
    onTestFinished(() => execa('rm', ['-rf', join(folder, used)]).then(() => undefined));
    await sign(join(folder, used), currentOwner());
    // Signed last: from then on any run on this host may remove it.
    await mkdir(join(folder, left), { mode: 0o700 });
    await writeFile(join(folder, left, 'TOKEN.secret'), 'secret');
    await sign(join(folder, left), dead);
    await workspace.run([...on, '--', 'true']);
    await expect.poll(() => readdir(folder)).not.toContain(left);
    expect(await readdir(folder)).toContain(used);
  });

  test('of a battery is removed by the next one, and its canary ends with it', async () => {
    const workspace = await Workspace.create();
    const TMPDIR = await ownTmpdir();
    const args = ['doctor', '--prove', ...on, '--probe', 'other-processes'];
    const options = { cwd: workspace.path, env: { TMPDIR } };
    const running = startCli(args, options);
    // It is there for a moment only.
    const look = { timeout: 60_000, interval: 5 };
    const canary = await vi.waitUntil(() => canaryOf(running.pid ?? 0), look);
    running.kill('SIGKILL');
    await running;
    await expect.poll(() => isThere(`/proc/${canary}`)).toBe(false);
    expect(await placesIn(TMPDIR)).not.toEqual([]);
    const kept = await plantOthers(TMPDIR);
    await startCli(args, options);
    expect(await placesIn(TMPDIR)).toEqual(kept);
    expect(await isThere(join(TMPDIR, 'elsewhere/.owner'))).toBe(true);
  });
});

/** What has such a name and is not to be removed; answers the names. */
async function plantOthers(directory: string): Promise<string[]> {
  const name = (suffix: string) => `sandbox-prove-${suffix}`;
  await sign(join(directory, name('living')), currentOwner());
  await sign(join(directory, 'elsewhere'), dead);
  await symlink(join(directory, 'elsewhere'), join(directory, name('link')));
  const names = [name('link'), name('living')];
  if (process.getuid?.() !== 0) return names;
  await sign(join(directory, name('others')), dead);
  await execa('chown', ['-R', '12345', join(directory, name('others'))]);
  return [...names, name('others')];
}

async function placesIn(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names.filter((name) => name.startsWith('sandbox-prove-')).sort();
}

/** The pid of the process that plays a stranger on the host; null where there is none. */
async function canaryOf(pid: number): Promise<number | null> {
  const children = await textOf(`/proc/${pid}/task/${pid}/children`);
  for (const child of children.split(' ').filter((word) => word !== '')) {
    const words = (await textOf(`/proc/${child}/cmdline`)).split('\0');
    if (words.some((word) => word.startsWith('probe-'))) return Number(child);
  }
  return null;
}

async function textOf(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
