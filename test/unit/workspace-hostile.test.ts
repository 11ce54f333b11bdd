import { renameSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DirectoryChain } from '../../src/engine/directory-chain.ts';
import { removeTree } from '../../src/engine/remove-tree.ts';
import { type Step, walk } from '../../src/workspace/walk.ts';
import { runAsUser, whyNotAsUser } from './support/as-user.ts';
import { linesOf, runIn, shell, workspaceWith } from './support/workspace-task.ts';

/** Goes down a chain of directories that no path can name, making it where it is not there, and does something. */
const downwards = (levels: number, script: string, name = 'd') => `"${process.execPath}" -e '
  const [levels, name, script] = process.argv.slice(1);
  const fs = require("fs");
  for (let level = 0; level < levels; level += 1) {
    if (!fs.existsSync(name)) fs.mkdirSync(name);
    process.chdir(name);
  }
  require("child_process").execFileSync("sh", ["-euc", script], { stdio: "inherit" });
' ${levels} ${name} '${script}'`;

describe('a tree deeper than any path', () => {
  const levels = 100;
  const name = 'd'.repeat(200);
  const path = Array<string>(levels).fill(name).join('/');
  const task = downwards(levels, 'echo 1 >f; mkfifo p; cp /bin/true u; chmod u+s u', name);

  test('is looked at to its end', async () => {
    const workspace = await workspaceWith('');
    const end = await runIn(workspace, { task });
    expect(linesOf(end)).toHaveLength(levels + 3);
    expect(end.report.changes?.added.find((added) => added.path === `${path}/f`)?.size).toBe(2);
    expect(end.report.defused?.map((defused) => defused.path)).toEqual([`${path}/p`, `${path}/u`]);
    expect(end.failure).toBeNull();
    await removeTree(workspace);
  });

  test('is copied and brought back', async () => {
    const workspace = await workspaceWith(task);
    const end = await runIn(workspace, {
      workspaceMode: 'copy',
      applied: true,
      apply: 'always',
      task: downwards(levels, 'echo 2 >f; mkdir new; touch new/x', name),
    });
    expect(end.failure).toBeNull();
    expect(end.report.applied).toMatchObject({ added: 2, changed: 1, removed: 0 });
    expect(shell(downwards(levels, 'cat f; ls new', name), workspace)).toBe('2\nx\n');
    await removeTree(workspace);
  });
});

describe('something that is swapped while it is looked at', () => {
  /** Walks, and does something when it comes to a name. */
  function walkThrough(workspace: string, at: string, swap: () => void): string[] {
    const chain = DirectoryChain.open(workspace);
    const seen: string[] = [];
    const note = (step: Step) => {
      if (step.kind === 'tick') return;
      seen.push(`${step.kind} ${step.place.name}`);
      if (step.kind === 'entry' && step.place.name === at) swap();
    };
    for (const step of walk(chain, { insist: false })) note(step);
    chain.close();
    return seen;
  }

  test('for a symlink is not followed', async () => {
    const workspace = await workspaceWith('mkdir d ../outside; touch d/in ../outside/secret');
    const seen = walkThrough(workspace, 'd', () => {
      renameSync(`${workspace}/d`, `${workspace}/../was`);
      symlinkSync('../outside', `${workspace}/d`);
    });
    expect(seen).toEqual(['enter ', 'entry d', 'unseen d', 'leave ']);
  });

  test('and moved out of the tree does not lead the way back out of it', async () => {
    const workspace = await workspaceWith(`touch ../secret; ${downwards(200, 'touch last')}`);
    const outside = workspace.replace(/app$/, 'was');
    const at = Array<string>(100).fill('d').join('/');
    const seen = walkThrough(workspace, 'last', () => {
      shell(`mkdir ${outside}; mv ${at} ${outside}/d`, workspace);
    });
    expect(seen.filter((step) => step.includes('secret'))).toEqual([]);
    // Its parents that are held by no handle any more are given up, and what is above them goes on.
    expect(seen.filter((step) => step.startsWith('unseen')).length).toBeGreaterThan(50);
    expect(seen.filter((step) => step.startsWith('enter'))).toHaveLength(201);
    expect(seen.filter((step) => step.startsWith('leave'))).toHaveLength(201);
  });

  test('is unsafe where the whole workspace was replaced', async () => {
    const workspace = await workspaceWith('touch a');
    const end = await runIn(workspace, { task: 'mv ../app ../was; mkdir ../app' });
    expect(end.failure?.code).toBe('workspace-unsafe');
    expect(end.report.changes?.limitsReached[0]).toContain('not the directory that it was before');
  });
});

describe.skipIf(whyNotAsUser)('for a caller who is not root', () => {
  test('what the task denied is looked at, made harmless, and left denied', async () => {
    const workspace = await workspaceWith('mkdir before');
    const end = await runAsUser(workspace, {
      task: 'mkdir -p x/y z before/w; cp /bin/true x/y/u; chmod u+s x/y/u; mkfifo z/p before/w/p; echo 1 >z/f; chmod 0 z/f; chmod 0 x/y x; chmod 500 z; chmod 444 before/w; chmod 0 .',
    });
    expect(end.failure).toBeNull();
    expect(end.report.defused?.map(({ path, action }) => [path, action])).toEqual([
      ['before/w/p', 'removed'],
      ['x/y/u', 'bits-cleared'],
      ['z/p', 'removed'],
    ]);
    expect(shell('stat -c "%n %a" . before/w x x/y x/y/u z; find -name p', workspace)).toBe(
      '. 0\nbefore/w 444\nx 0\nx/y 0\nx/y/u 755\nz 500\n',
    );
    expect(end.report.changes?.limitsReached).toEqual([
      'files could not be read, so they were not digested: z/f',
    ]);
  });

  test('files of somebody else are removed where they cannot be changed', async () => {
    const workspace = await workspaceWith('cp /bin/true u; chmod u+s u');
    const end = await runAsUser(
      workspace,
      { task: 'mv ../u .; mkdir d' },
      'mv u ..; chown 0:0 ../u; chmod u+s ../u; chown 1000 ..',
    );
    expect(end.report.defused).toMatchObject([{ path: 'u', found: 'setuid', action: 'removed' }]);
    expect(end.failure).toBeNull();
    expect(shell('ls', workspace)).toBe('d\n');
  });

  test('what neither can be changed nor removed is a failure', async () => {
    const workspace = await workspaceWith('mkdir d');
    const end = await runAsUser(
      workspace,
      { task: 'mv ../d theirs' },
      'mkdir ../d; cp /bin/true ../d/u; chmod u+s ../d/u; chown 1000 ..; chmod 777 ../d; chmod 1777 ../d',
    );
    expect(end.report.defused).toMatchObject([{ path: 'theirs/u', action: 'failed' }]);
    expect(end.failure).toMatchObject({ code: 'workspace-unsafe' });
    expect(end.failure?.message).toContain('theirs/u');
  });

  test('what nobody can look at is a failure where it is new, else a remark', async () => {
    const workspace = await workspaceWith('');
    const prepare = 'mkdir old ../new; chown 0:0 old; chmod 700 old ../new; chown 1000 ..';
    const calm = await runAsUser(workspace, { task: 'touch a' }, prepare);
    expect(calm.failure).toBeNull();
    expect(calm.report.changes).toMatchObject({
      complete: false,
      limitsReached: [
        'could not be looked at before the task (permission denied): old',
        'could not be looked at after the task (permission denied): old',
      ],
    });
    expect(calm.report.growthBytes).toBeNull();
    const foreign = await runAsUser(workspace, { task: 'touch b', user: '0:0' }, 'chown 0:0 old');
    expect(foreign.failure?.message).toContain('old');
    const planted = await runAsUser(
      workspace,
      { task: 'mv ../new .' },
      'chown 0:0 old ../new; chmod 777 ../new; mkdir -m 700 ../new/in',
    );
    expect(planted.failure).toMatchObject({ code: 'workspace-unsafe' });
    expect(planted.failure?.message).toContain('new/in');
  });

  test('a copy with such things comes back and is gone', async () => {
    const workspace = await workspaceWith('mkdir ro rx; echo 1 >ro/f; chmod 555 ro rx');
    const end = await runAsUser(workspace, {
      workspaceMode: 'copy',
      apply: 'always',
      applied: true,
      task: 'chmod 755 ro; echo 2 >ro/f; touch ro/g; chmod 555 ro; chmod 750 rx; touch rx/g; mkdir -p x/y; echo 3 >x/y/f; chmod 0 x/y/f x/y x',
    });
    expect(end.failure).toBeNull();
    expect(shell('stat -c "%n %a %u" ro rx x x/y x/y/f; cat ro/f x/y/f; ls ro', workspace)).toBe(
      'ro 555 1000\nrx 750 1000\nx 0 1000\nx/y 0 1000\nx/y/f 0 1000\n2\n3\nf\ng\n',
    );
    expect(shell('ls -A ../app.receipts', workspace)).toBe('');
  });

  test('a copy of what cannot be read is refused, with what to do', async () => {
    const workspace = await workspaceWith('echo 1 >secret');
    const failing = runAsUser(
      workspace,
      { workspaceMode: 'copy', task: 'true' },
      'chown 0 secret; chmod 600 secret',
    );
    await expect(failing).rejects.toThrow('cannot copy secret: permission denied');
    expect(shell('ls -A ../app.receipts', workspace)).toBe('');
  });
});
